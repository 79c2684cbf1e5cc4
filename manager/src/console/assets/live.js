// Alerts as they come. The server sends rows that are ready to be shown; the
// page keeps a bounded number of them.

const ROWS_MAX = 200;
const TELL_MS = 10000;

const live = document.getElementById("live");
const rows = live.querySelector("tbody");
const told = document.getElementById("told");
const skippedShown = document.getElementById("skipped");
const pause = document.getElementById("pause");

let source = null;
let after = live.dataset.after;
let skipped = 0;
let news = { count: 0, level: 0, timer: null };

// A screen reader hears a summary now and then, not each alert.
function tell() {
  news.timer = null;
  const alerts = news.count === 1 ? "1 new alert" : `${news.count} new alerts`;
  told.textContent = `${alerts}, highest level ${news.level}.`;
  news.count = 0;
  news.level = 0;
}

function show(event) {
  const batch = JSON.parse(event.data);
  after = event.lastEventId || after;
  rows.insertAdjacentHTML("afterbegin", batch.rows);
  while (rows.children.length > ROWS_MAX) rows.lastElementChild.remove();
  skipped += batch.skipped;
  if (skipped > 0) skippedShown.textContent = `${skipped} came too fast to be shown; the list has them all.`;
  if (batch.count === 0) return;
  news.count += batch.count + batch.skipped;
  news.level = Math.max(news.level, batch.level);
  if (news.timer === null) {
    tell();
    news.timer = setTimeout(() => (news.count > 0 ? tell() : (news.timer = null)), TELL_MS);
  }
}

function open() {
  const address = new URL(live.dataset.events, location.href);
  address.searchParams.set("after", after);
  source = new EventSource(address);
  source.onmessage = show;
  source.onerror = () => {
    told.textContent = "The connection is lost; it is tried again.";
    // What the server has ended is not tried again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => source && open(), 5000);
  };
  source.onopen = () => (told.textContent = "Waits for alerts.");
}

pause.hidden = false;
pause.addEventListener("click", () => {
  const paused = source !== null;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Go on" : "Pause";
  if (paused) {
    source.close();
    source = null;
    told.textContent = "Paused.";
  } else {
    open();
  }
});

open();
