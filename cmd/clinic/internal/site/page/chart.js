// What a doctor reads of a patient: curves, ages that grow, what was opened, and what became of what was asked. The page's clock is the clinic's: it
// counts from the moment that the server wrote down, with a clock that does not jump.
"use strict";

const ages = {
  base: 0, at: 0,
  from(e) { if (e) { this.base = Number(e.dataset.now); this.at = performance.now(); } },
  now() { return this.base + performance.now() - this.at; },
  text(ms) {
    const min = Math.floor(ms / 60000);
    if (min < 0) return "0 min";
    return min < 60 ? `${min} min` : min < 48 * 60 ? `${Math.floor(min / 60)} h` : `${Math.floor(min / 1440)} d`;
  },
  draw() { for (const e of document.querySelectorAll("[data-age]:not([data-age=''])")) e.textContent = this.text(this.now() - Number(e.dataset.age)); },
};

const zone = { timeZone: "Asia/Karachi", day: "numeric", month: "short" };
const date = new Intl.DateTimeFormat("en-GB", zone), minute = new Intl.DateTimeFormat("en-GB", { ...zone, hour: "2-digit", minute: "2-digit", hour12: false });

// curves draws the trends of the page: points and no lines, for between two readings nothing is known.
function curves(root) {
  const raw = root.querySelector("#trends");
  if (!raw || !window.uPlot) return;
  const style = getComputedStyle(document.body), ink = style.getPropertyValue("--ink"), soft = style.getPropertyValue("--line");
  const colour = { spo2: "--spo2", pulse: "--pulse", temp: "--temp", bp: "--ink", resp: "--ink" };
  const all = JSON.parse(raw.textContent), begin = Math.min(...all.map((t) => t.times[0])), end = Math.max(...all.map((t) => t.times.at(-1)));
  const margin = Math.max(1800, (end - begin) * 0.04), x = [begin - margin, end + margin]; // one for all: what was measured together stands together
  const when = end - begin > 3 * 86400 ? date : minute;
  for (const t of all) {
    const place = root.querySelector(`[data-trend="${t.kind}"] .plot`), stroke = style.getPropertyValue(colour[t.kind]);
    const open = (u, s, i) => t.doubt[i] || t.unsure[i];
    const series = [{}].concat(t.lines.map((l) => ({
      label: l.name, stroke, paths: () => null, spanGaps: false,
      points: { show: true, size: 9, width: 2, fill: stroke, stroke, paths: (u, s) => points(u, s, open) },
    })));
    const values = t.lines.flatMap((l) => l.values.filter((v) => v !== null).concat(l.low, l.high));
    const u = new uPlot({
      width: place.clientWidth || 340, height: 170, legend: { show: false }, cursor: { show: false },
      tzDate: (s) => uPlot.tzDate(new Date(s * 1000), "Asia/Karachi"),
      scales: { x: { range: x }, y: { range: [Math.min(...values) * 0.97, Math.max(...values) * 1.03] } },
      axes: [{ stroke: ink, grid: { stroke: soft }, ticks: { stroke: soft }, space: 90, values: (_, all) => all.map((s) => when.format(new Date(s * 1000))) }, { stroke: ink, grid: { stroke: soft }, ticks: { stroke: soft }, size: 54 }],
      series, hooks: { draw: [(p) => limits(p, t, ink)] },
    }, [t.times].concat(t.lines.map((l) => l.values)), place);
    place.dataset.points = String(u.data.slice(1).flat().filter((v) => v !== null && v !== undefined).length);
  }
}

// points are full where a reading stands, open where it is doubtful or its time is not sure.
function points(u, s, open) {
  const fill = new Path2D(), stroke = new Path2D(), size = 4.5 * devicePixelRatio;
  u.data[s].forEach((v, i) => {
    if (v === null || v === undefined) return;
    const x = u.valToPos(u.data[0][i], "x", true), y = u.valToPos(v, "y", true);
    for (const path of open(u, s, i) ? [stroke] : [stroke, fill]) { path.moveTo(x + size, y); path.arc(x, y, size, 0, 2 * Math.PI); }
  });
  return { fill, stroke };
}

function limits(u, t, ink) {
  const g = u.ctx;
  g.save();
  g.setLineDash([6, 6]);
  g.strokeStyle = ink;
  g.globalAlpha = 0.55;
  for (const l of t.lines) for (const v of [l.low, l.high]) {
    if (t.kind === "spo2" && v >= 100) continue; // the end of the scale
    const y = u.valToPos(v, "y", true);
    if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) continue;
    g.beginPath(); g.moveTo(u.bbox.left, y); g.lineTo(u.bbox.left + u.bbox.width, y); g.stroke();
  }
  g.restore();
}

// opened says which readings are before the doctor's eyes: not what lies in a tab behind another.
async function opened(root) {
  if (document.visibilityState !== "visible") return;
  const chart = root.querySelector(".chart"), by = new Map();
  for (const e of root.querySelectorAll("[data-unread]")) {
    if (!by.has(e.dataset.from)) by.set(e.dataset.from, []);
    by.get(e.dataset.from).push(e);
  }
  for (const [kiosk, all] of by) {
    const body = new URLSearchParams(all.map((e) => ["id", e.dataset.unread]));
    const answer = await fetch(`/kiosk/${kiosk}/opened`, { method: "POST", headers: { "X-Token": chart.dataset.token }, body }).catch(() => null);
    if (answer?.ok) for (const e of all) e.remove();
  }
}

// asks sends the form without leaving the page, and says whether it went.
function asks(root) {
  const form = root.querySelector(".ask form");
  form?.addEventListener("submit", async (e) => {
    e.preventDefault();
    const body = new URLSearchParams(new FormData(form, e.submitter)), say = form.querySelector("#sent");
    for (const b of form.querySelectorAll("button")) b.disabled = true;
    const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
    for (const b of form.querySelectorAll("button")) b.disabled = false;
    say.textContent = form.querySelector(`[data-sent=${answer?.ok ? "yes" : "no"}]`).content.textContent;
    if (answer?.ok) form.elements.text.value = "";
    answers(root);
  });
}

async function answers(root) {
  const chart = root.querySelector(".chart"), place = root.querySelector("#answers");
  if (!place) return;
  const answer = await fetch(`/kiosk/${chart.dataset.kiosk}/answers?of=${encodeURIComponent(chart.dataset.of)}`).catch(() => null);
  if (answer?.ok) place.innerHTML = await answer.text();
}

// renewed puts a chart in the place of the one that is there, and leaves the form alone in which a doctor may be writing.
function renewed(root, text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector(".chart"), chart = root.querySelector(".chart");
  if (!chart) {
    root.append(fresh);
    shown(root);
    return;
  }
  const ask = chart.querySelector(":scope > .ask"), mark = fresh.querySelector(":scope > .ask");
  for (const e of [...chart.childNodes]) if (e !== ask) e.remove();
  let behind = false;
  for (const e of [...fresh.childNodes]) {
    if (e === mark) behind = true;
    else if (behind) chart.append(e);
    else chart.insertBefore(e, ask);
  }
  chart.dataset.now = fresh.dataset.now;
  ages.from(chart);
  ages.draw();
  curves(root);
  opened(root);
}

// again reads the chart of a page that is one patient's: what is measured meanwhile comes in.
async function again() {
  const main = document.querySelector("main[data-chart]");
  if (!main || document.visibilityState !== "visible") return;
  const answer = await fetch(main.dataset.chart).catch(() => null);
  if (answer?.status === 403) { location.reload(); return; } // the session is over: the sign-in says so
  const away = document.getElementById("readings-away");
  away.hidden = !!answer?.ok;
  if (answer?.ok) renewed(main, await answer.text());
}

// shown begins with a chart that has come into the page.
function shown(root) {
  ages.from(root.querySelector("[data-now]") ?? document.body);
  ages.draw();
  curves(root);
  asks(root);
  opened(root);
}

setInterval(() => ages.draw(), 10000);
setInterval(again, 15000);
if (document.querySelector(".chart")) shown(document);
else ages.from(document.body), ages.draw();
setInterval(() => { if (document.querySelector(".chart")) { opened(document); answers(document); } }, 5000);
document.addEventListener("visibilitychange", () => { if (document.querySelector(".chart")) opened(document); });
