// One kiosk as it is now. The page's clock is the clinic's: it counts from the "now" of the newest event with a clock that does not jump, so a dead
// link grows old by itself. Rules: a value is dimmed after 3 s, dashes after 10; a wave that stands is grey; the notice says since when.
"use strict";

const DIM = 3000, DASHES = 10000, HOLD = 1000; // ms; HOLD is how far the wave is drawn behind, so that a late frame still comes in time
const clock = { now: 0, at: 0 };
const tiles = new Map([...document.querySelectorAll("[data-tile]")].map((e) => [e.dataset.tile, e]));
const state = { online: null, told: 0, session: "", patient: null, numbers: null, received: 0, heard: 0 };
const form = {
  spo2: (v) => String(v), pulse: (v) => String(v), cuff: (v) => String(v), temp: (v) => (v / 1000).toFixed(1),
};

const serverNow = () => clock.now + (performance.now() - clock.at);
const hide = (e, hidden) => { if (e.hidden !== hidden) e.hidden = hidden; };
const put = (e, text) => { if (e.textContent !== text) e.textContent = text; };

function take(e) {
  clock.now = e.now;
  clock.at = performance.now();
  if (e.online !== undefined) { state.online = e.online; state.told = e.told; }
  if (e.session && e.session !== state.session) { // another visit: nothing of the one before stays
    state.session = e.session;
    state.numbers = null;
    state.patient = null;
    pleth.clear();
    readings.clear();
  }
  if (e.patient) { state.patient = e.patient; readings.want(); }
  if (e.numbers) { state.numbers = e.numbers; state.received = e.received; state.heard = e.received; }
  if (e.frames) pleth.take(e.frames); // it proves nothing: a link may have kept it back; the numbers tell
  draw();
}

function draw() {
  const now = serverNow(), n = state.numbers, silent = state.heard ? now - state.heard : Infinity;
  const dashes = n?.mode === "summary" ? DASHES * 2 : DASHES; // it comes every ten seconds then
  for (const [name, tile] of tiles) {
    const v = n?.[name], age = v ? now - state.received + v.age : Infinity, gone = age > dashes || state.online === false;
    put(tile.querySelector("output"), v && !gone ? form[name](v.v) : "--");
    tile.classList.toggle("dim", !v || age > DIM || gone);
    put(tile.querySelector("[data-age]"), v && !gone ? String(Math.floor(age / 1000)) : "");
    hide(tile.querySelector("[data-word=ago]"), !v || gone);
    hide(tile.querySelector("[data-word=signal]"), !(v && age > DIM && !gone));
    hide(tile.querySelector("[data-word=questionable]"), !(v?.q && !gone));
  }
  const pi = n?.pi, weak = !pi || now - state.received + pi.age > dashes || state.online === false;
  put(document.getElementById("pi"), weak ? "" : `PI ${(pi.v / 100).toFixed(2)} %`);
  const p = n?.visit ? state.patient : null;
  hide(document.getElementById("unknown"), !!p || n?.visit === "");
  hide(document.getElementById("patient"), !p);
  put(document.getElementById("number"), p?.number ?? "");
  put(document.getElementById("sex"), p ? text(`[data-sex="${p.sex || "unknown"}"]`) : "");
  put(document.getElementById("birth"), p?.birth ?? "");
  const lost = silent > dashes, idle = n?.visit === "" && !lost;
  hide(document.getElementById("notice"), !(state.online === false || lost));
  hide(document.querySelector("[data-why=offline]"), state.online !== false);
  hide(document.querySelector("[data-why=never]"), state.heard > 0 || state.online === false);
  hide(document.querySelector("[data-why=since]"), !state.heard);
  put(document.getElementById("since"), state.heard ? time(state.heard) : "");
  hide(document.getElementById("idle"), !idle);
  document.querySelector(".wave").classList.toggle("dim", silent > DIM || state.online === false);
  hide(document.getElementById("no-finger"), !(n?.flags?.includes("no-finger") && !lost));
  for (const m of document.querySelectorAll("[data-mode]")) hide(m, lost || m.dataset.mode !== n?.mode);
  put(document.getElementById("step"), n && !lost ? text(`[data-step="${n.step}"]`) : "");
}

// text is a word that the page brought along.
const text = (selector) => document.querySelector(selector)?.innerHTML ?? "";

// time is the clinic's time of the day, to the second, as doctors in Pakistan read it.
const day = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Karachi", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const time = (ms) => day.format(new Date(ms));

// The sweep: eight seconds from left to right, a gap ahead of the pen, what is missing left out.
const pleth = {
  canvas: document.getElementById("pleth"), wait: [], next: null, seq: null, x: 0, y: null, high: 128, since: 0, drawn: 0,
  clear() {
    this.wait = []; this.next = null; this.seq = null; this.y = null;
  },
  take(frames) {
    for (const f of frames) {
      const period = f.period / 1000;
      const missing = this.next === null ? 0 : Math.round((f.start - this.next) / period);
      const broken = f.gap || (this.seq !== null && f.seq !== ((this.seq + 1) & 0xffff));
      if (broken) for (let i = 0; i < Math.min(Math.max(missing, 1), 500); i++) this.wait.push({ v: null, period });
      for (const v of f.samples) this.wait.push({ v, period });
      this.next = f.start + f.samples.length * period;
      this.seq = f.seq;
    }
    let ahead = this.wait.reduce((sum, s) => sum + s.period, 0);
    if (ahead <= 2 * HOLD) return;
    while (ahead > HOLD) ahead -= this.wait.shift().period; // a link kept it back: an old wave must not be drawn as if it were now
    this.wait.unshift({ v: null, period: this.wait[0]?.period ?? 10 });
  },
  step(now) {
    if (!this.wait.length) { this.since = 0; return; }
    if (!this.since) { this.since = now + HOLD; return; }
    while (this.wait.length && this.since <= now) {
      const { v, period } = this.wait.shift();
      this.since += period;
      this.line(v, period);
    }
  },
  line(v, period) {
    const c = this.canvas, g = c.getContext("2d"), x = this.x + c.width * period / 8000;
    g.fillStyle = "#000"; g.fillRect(this.x, 0, x - this.x + 24, c.height);
    if (v === null) { this.y = null; } else {
      this.high = Math.max(this.high * 0.9995, v, 8);
      const y = c.height - 6 - (c.height - 12) * v / this.high;
      if (this.y !== null) { g.strokeStyle = "#35d6ff"; g.lineWidth = 3; g.beginPath(); g.moveTo(this.x, this.y); g.lineTo(x, y); g.stroke(); }
      this.y = y;
      this.drawn++;
    }
    this.x = x;
    if (x >= c.width) { this.x = 0; this.y = null; }
  },
};

// What the record has of the patient whose session this is. It is read when she is known, and again every half minute: what is measured comes in.
const readings = {
  place: document.getElementById("readings"), away: document.getElementById("readings-away"), of: "", at: -Infinity,
  clear() { this.of = ""; this.at = -Infinity; this.place.replaceChildren(); this.place.hidden = true; this.away.hidden = true; },
  want() { if (this.of !== state.session) this.read(); },
  async read() {
    const session = state.session;
    if (!session || !state.patient || performance.now() - this.at < 3000) return;
    this.of = session;
    this.at = performance.now();
    const answer = await fetch(`${document.body.dataset.readings}?session=${encodeURIComponent(session)}`).catch(() => null);
    const text = answer?.ok ? await answer.text() : null;
    if (session !== state.session) return; // another visit has begun meanwhile
    this.away.hidden = text !== null;
    if (text === null) { this.of = ""; return; }
    this.place.hidden = false;
    renewed(this.place, text);
  },
};
setInterval(() => { if (performance.now() - readings.at > 30000) readings.read(); }, 1000);

// The stream is what counts as watching. A page that nobody has seen for a minute ends it, and grows old like any other dead link; seen again, it begins anew.
const HIDDEN = 60000; // ms
let stream, unseen;
function listen() {
  stream = new EventSource(document.body.dataset.events);
  stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) location.reload(); }; // the session is over: the sign-in says so
  stream.onmessage = (e) => take(JSON.parse(e.data));
}
listen();
document.addEventListener("visibilitychange", () => {
  clearTimeout(unseen);
  if (document.visibilityState === "hidden") unseen = setTimeout(() => stream.close(), HIDDEN);
  else if (stream.readyState === EventSource.CLOSED) listen();
});
setInterval(draw, 250);
setInterval(() => pleth.step(performance.now()), 40);
window.addEventListener("pagehide", () => stream.close());
