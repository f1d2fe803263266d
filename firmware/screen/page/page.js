// The touchscreen's script: it sends touches, shows the screens that the kiosk sends, and draws what moves. It decides nothing: every screen is
// the kiosk's, and without this file the buttons still work.
"use strict";

const screen = document.getElementById("screen");
const gone = document.getElementById("gone");
const build = document.documentElement.dataset.build;
let heard = performance.now();
let busy = false;

let shown = "";
const first = screen.firstElementChild?.dataset ?? {};

// What the stream brings while a touch is under way waits for its end: a button that is drawn anew under a finger takes no touch. A finger that stays
// does not hold the screen up for longer than a second.
let pressed = 0, held = null;
function bring(html) {
  held = html;
  if (!busy && !pressed) settle();
}
function settle() {
  if (held !== null && revision(held) >= revision(shown)) show(held);
  held = null;
}
const revision = (html) => Number(/data-rev="([0-9]+)"/.exec(html)?.[1] ?? 0);
document.addEventListener("pointerdown", () => { clearTimeout(pressed); pressed = setTimeout(release, 1000); });
for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, () => { clearTimeout(pressed); pressed = setTimeout(release, 50); }); // the click comes after it
}
function release() {
  pressed = 0;
  if (!busy) settle();
}

// A screen that is shown already stays as it is.
function show(html) {
  if (html === shown) return;
  shown = html;
  const before = screen.firstElementChild?.dataset.screen;
  screen.innerHTML = html;
  const frame = screen.firstElementChild;
  document.documentElement.lang = frame.lang;
  document.documentElement.dir = frame.dir;
  if (frame.dataset.screen !== before) screen.querySelector("h1")?.focus();
  sweep = null;
  curve.length = 0;
  if (frame.dataset.say !== said) say(frame.dataset.say, "quiet" in frame.dataset);
}

// A prompt is spoken when its screen comes; who knows the way hears it when the button is touched.
let said, voice = null;
function say(prompt, quiet) {
  said = prompt;
  voice?.pause();
  voice = prompt ? new Audio(prompt) : null;
  if (voice && !quiet) voice.play().catch(() => {});
}
document.addEventListener("click", (e) => {
  if (!e.target.closest("[data-listen]") || !voice) return;
  voice.currentTime = 0;
  voice.play().catch(() => {});
});

// A touch is sent once; what else is touched meanwhile is a double tap.
async function touch(rev, tap) {
  if (busy) return;
  busy = true;
  try {
    const body = new URLSearchParams({ rev, tap, key: `${++touches}.${Math.random()}` });
    const r = await fetch("/act", { method: "POST", body, headers: { Accept: "text/fragment+html" } });
    if (r.ok) show(await r.text());
  } catch { /* the kiosk is starting again: the stream says so */ } finally { busy = false; if (!pressed) settle(); }
}

let touches = 0;

document.addEventListener("submit", (e) => {
  e.preventDefault();
  const form = e.target;
  if (e.submitter?.value === "breath") { // they come fast, and each counts
    const body = new URLSearchParams({ rev: form.elements.rev.value, tap: "breath", key: `${++touches}.${Math.random()}` });
    fetch("/act", { method: "POST", body, headers: { Accept: "text/fragment+html" } }).catch(() => {});
    return;
  }
  if (e.submitter) touch(form.elements.rev.value, e.submitter.value);
});

// A scanner is a keyboard: digits go to the pad, Enter to the main button.
document.addEventListener("keydown", (e) => {
  const form = screen.querySelector("form");
  if (!form || !document.getElementById("typed")) return;
  if (/^[0-9\u06f0-\u06f9\u0660-\u0669]$/.test(e.key)) queue.push(`digit ${e.key}`);
  else if (e.key === "Backspace") queue.push("erase");
  else if (e.key === "Enter") queue.push("next");
  else return;
  e.preventDefault();
  drain();
});

const queue = [];
async function drain() {
  if (busy) return;
  while (queue.length) await touch(screen.querySelector("form").elements.rev.value, queue.shift());
}

function live(m) {
  const put = (name, text) => screen.querySelectorAll(`[data-live=${name}]`).forEach((o) => { if (o.textContent !== text) o.textContent = text; });
  const n = (x) => x === undefined ? "--" : String(x);
  put("countdown", m.countdown === undefined ? "--" : `${Math.floor(m.countdown / 60)}:${String(m.countdown % 60).padStart(2, "0")}`);
  if (m.breaths !== undefined) put("breaths", n(m.breaths));
  screen.querySelector("[data-ring]")?.setAttribute("stroke-dasharray", `${m.quality ?? 0} 100`);
  if (m.temperature !== undefined) warm(m.temperature);
  put("spo2", n(m.spo2)); put("pulse", n(m.pulse)); put("cuff", n(m.cuff));
  put("temperature", m.temperature === undefined ? "--" : m.temperature.toFixed(1));
  const bar = screen.querySelector("[data-bar=cuff]");
  if (bar) bar.style.blockSize = `${Math.min(100, (m.cuff ?? 0) / 3)}%`;
  if (m.wave) draw(m.wave, m.rate);
}

// The sweep: eight seconds from left to right, a gap ahead of the pen, missing samples left out.
let sweep = null;
function draw(samples, rate) {
  const c = screen.querySelector("canvas[data-wave]");
  if (!c) return;
  const g = c.getContext("2d");
  sweep ??= { x: 0, y: null, low: 0, high: 128 };
  const step = c.width / (8 * (rate || 60));
  g.strokeStyle = "#35d6ff"; g.lineWidth = 3; g.fillStyle = "#000";
  for (const v of samples) {
    const x = sweep.x + step;
    g.fillRect(sweep.x, 0, step + 24, c.height);
    if (v < 0) { sweep.y = null; } else {
      sweep.high = Math.max(sweep.high * 0.9995, v, 8);
      const y = c.height - 6 - (c.height - 12) * v / sweep.high;
      if (sweep.y !== null) { g.beginPath(); g.moveTo(sweep.x, sweep.y); g.lineTo(x, y); g.stroke(); }
      sweep.y = y;
    }
    sweep.x = x;
    if (x >= c.width) { sweep.x = 0; sweep.y = null; }
  }
}

// The thermometer's curve: from the first number to the newest, on a scale that holds both.
const curve = [];
function warm(t) {
  const c = screen.querySelector("canvas[data-curve]");
  if (!c || curve.at(-1) === t) return;
  curve.push(t);
  if (curve.length > 600) curve.shift();
  const low = Math.min(...curve) - 0.2, high = Math.max(...curve) + 0.2, g = c.getContext("2d");
  g.clearRect(0, 0, c.width, c.height);
  g.strokeStyle = "#ffd23f"; g.lineWidth = 3; g.beginPath();
  curve.forEach((v, i) => g.lineTo((i + 1) * c.width / curve.length, c.height - (v - low) / (high - low) * c.height));
  g.stroke();
}

const stream = new EventSource("/events");
const on = (kind, f) => stream.addEventListener(kind, (e) => { heard = performance.now(); gone.hidden = true; f(JSON.parse(e.data)); });
on("screen", bring);
on("live", live);
if (first.say) say(first.say, "quiet" in first);
let lost = false;
stream.onerror = () => { lost = true; };
stream.onopen = () => { if (lost) location.reload(); };
setInterval(() => { if (performance.now() - heard > 5000) gone.hidden = false; }, 500);
window.addEventListener("pagehide", () => stream.close());
