/* A batch's progress moves by itself: asked for while the page is seen and the batch is not over. */

const SHORTEST_MS = 1500;
const LONGEST_MS = 15000;

const batch = document.querySelector("[data-batch]");
const bar = batch.querySelector("progress");
const url = batch.dataset.url;
let wait = SHORTEST_MS;
let timer = null;

function show(progress) {
  const moved = bar.value !== progress.over;
  bar.max = progress.total;
  bar.value = progress.over;
  batch.querySelector("[data-text]").textContent = progress.text;
  batch.querySelector("[data-left]").textContent = progress.left;
  const state = batch.querySelector("[data-state]");
  state.textContent = progress.state_text;
  state.className = `glam-tryon-badge is-${progress.state}`;
  batch.querySelector("[data-new]").hidden = progress.ready === Number(batch.dataset.ready);
  return moved;
}

/* Whether somebody has begun to choose or to write, which a reload would undo. */
function isUsed() {
  return [...document.querySelectorAll(".glam-tryon-sheet input, .glam-tryon-sheet textarea")].some(
    (field) => field.checked !== field.defaultChecked || field.value !== field.defaultValue,
  );
}

async function ask() {
  timer = null;
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (answer.redirected || answer.status === 403 || answer.status === 404) {
      return;
    }
    if (answer.ok) {
      const progress = await answer.json();
      wait = show(progress) ? SHORTEST_MS : Math.min(wait * 1.3, LONGEST_MS);
      if (progress.done) {
        if (!isUsed()) {
          location.reload();
        }
        return;
      }
    }
  } catch {
    // Offline, or the server restarts: the next question may be answered.
    wait = LONGEST_MS;
  }
  plan();
}

function plan() {
  if (timer === null && !document.hidden) {
    timer = setTimeout(ask, wait);
  }
}

if (url) {
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    timer = null;
    wait = SHORTEST_MS;
    plan();
  });
  plan();
}
