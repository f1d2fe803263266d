// The list of who waits: it is fetched anew every five seconds, and says so when it cannot be.
"use strict";

const OLD = 15000; // ms
let heard = performance.now(), heardAt = Number(document.body.dataset.now);
const time = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Karachi", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

async function refresh() {
  const answer = await fetch("/waiting").catch(() => null);
  if (answer?.status === 403) { location.reload(); return; } // the session is over: the sign-in says so
  if (answer?.ok) {
    const list = document.getElementById("list"), text = await answer.text();
    const at = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    list.innerHTML = text;
    if (at) [...list.querySelectorAll("a")].find((a) => a.getAttribute("href") === at)?.focus(); // a key was on it
    ages.from(list.querySelector("[data-now]"));
    ages.draw();
    heard = performance.now();
    heardAt = ages.now();
  }
  document.getElementById("old").hidden = performance.now() - heard < OLD;
  document.getElementById("old-since").textContent = time.format(new Date(heardAt));
}
setInterval(refresh, 5000);
