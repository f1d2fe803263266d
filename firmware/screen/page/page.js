// Shows /api/state twice a second and posts acts. It keeps no state of its own: a reload shows the same.
"use strict";

const at = (id) => document.getElementById(id);
const text = (tag, s) => Object.assign(document.createElement(tag), { textContent: s });
const clock = (t) => t ? new Date(t).toLocaleTimeString("en-GB") : "--";
let visit = null;

async function post(path, body) {
  const r = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  if (!r.ok) at("prompt").textContent = (await r.json()).error;
  await refresh();
}

function number(label, value, unit, age) {
  const box = document.createElement("div");
  const dd = text("dd", value === undefined ? "--" : value);
  if (value !== undefined) dd.append(text("small", ` ${unit} · ${Math.round(age)} s ago`));
  dd.className = age > 3 ? "old" : "";
  box.append(text("dt", label), dd);
  return box;
}

function showLive(l) {
  const o = l.oximetry ?? {}, c = l.cuff ?? {}, t = l.temperature ?? {};
  const celsius = t.milliCelsius === undefined ? undefined : (t.milliCelsius / 1000).toFixed(1);
  at("live").replaceChildren(
    number("SpO2", o.spo2, "%", o.age), number("Pulse", o.pulse, "/min", o.age),
    number("Cuff", c.mmhg, "mmHg", c.age), number("Temperature", celsius, "°C", t.age));
  const flags = (o.flags ?? []).concat(t.flags ?? []);
  if (flags.length) at("live").append(number("Devices say", flags.join(", "), "", 0));
}

const acts = { retake: ["blood-pressure", "oximetry", "temperature"] };

function showVisit(v) {
  visit = v;
  at("open").hidden = !!v;
  at("prompt").textContent = v ? `${v.step}: ${v.prompt}` : "No visit in progress";
  at("countdown").textContent = v && v.countdown ? `${Math.ceil(v.countdown / 1e9)} s` : "";
  at("actions").replaceChildren(...(v ? v.actions : []).flatMap(buttons));
}

function buttons(act) {
  const kinds = acts[act] ?? [undefined];
  if (act === "by-hand" || act === "identify") return [];
  return kinds.map((kind) => {
    const b = text("button", kind ? `${act} ${kind}` : act);
    b.onclick = () => post(`/api/visits/${visit.id}/${act}`, { kind, reason: act === "skip" ? "other" : undefined });
    return b;
  });
}

// value is what a reading of the visit in progress says, in a form that a person reads out.
function value(shown) {
  if (!shown) return "";
  const b = shown.bloodPressure, o = shown.oximetry, t = shown.temperature;
  const n = (x) => x === undefined ? "--" : x;
  const said = shown.absent ? `no number (${shown.absent})` : b ? `${n(b.systolic)}/${n(b.diastolic)} mmHg` :
    o ? `${n(o.spo2)} %, ${n(o.pulse)} /min` : `${(t.value / 1000).toFixed(1)} °C`;
  return said + (shown.mean ? " (mean)" : "") + (shown.questionable ? `, to be doubted: ${shown.questionable}` : "");
}

function showReadings(receipts, taken) {
  at("readings").replaceChildren(...receipts.slice(-12).reverse().map((r) => {
    const tr = document.createElement("tr");
    for (const s of [r.kind, value(taken.find((x) => x.id === r.entry)), clock(r.saved), clock(r.sent), clock(r.recorded), clock(r.seen)]) tr.append(text("td", s));
    tr.append(text("td", r.parked ? `kept here: ${r.parked}` : r.superseded ? "replaced" : ""));
    return tr;
  }));
}

async function refresh() {
  let s;
  try {
    s = await (await fetch("/api/state")).json();
  } catch {
    at("link").textContent = "The kiosk program is restarting. Saved readings are safe.";
    return;
  }
  at("kiosk").textContent = s.kiosk;
  at("practice").hidden = !s.practice;
  at("notsaved").hidden = !s.notSaved;
  at("notsaved").textContent = s.notSaved ? `NOT SAVED, write it down. ${s.notSaved}` : "";
  at("storage").hidden = s.queue.full < 0.8;
  at("storage").textContent = s.queue.full < 1
    ? "Storage is nearly full: call the technician."
    : "Storage is full: finish this visit, start no other, and call the technician.";
  showVisit(s.visit);
  showLive(s.live);
  showReadings(s.receipts ?? [], s.visit ? s.visit.readings : []);
  at("devices").replaceChildren(...(s.devices ?? []).map((d) => text("li", `${d.name}: ${d.state}${d.why ? " · " + d.why : ""}`)));
  const where = s.link.clinic ? "clinic reachable" : s.link.broker ? "broker reachable, clinic silent" : "no link";
  at("link").textContent = `${where} · ${s.queue.waiting} waiting · ${s.queue.parked} kept for a person · clock: ${s.clock.source}`;
}

at("open").onsubmit = (e) => {
  e.preventDefault();
  post("/api/visits", { patient: { type: "MR", value: at("patient").value }, operator: at("operator").value });
};
refresh();
setInterval(refresh, 500);
