// The control panel moves by itself: the part marked data-live is asked for again, sooner while a run is under way.
// When a run ends, or its pictures have come, the whole page is read anew, because what was found is below: unless
// somebody has begun to fill in a form.

const MOVING = ["queued", "running"];
let touched = false;

function watch() {
  const live = document.querySelector("[data-live]");
  const pause = Number(live?.dataset.every ?? 0);
  if (pause > 0) setTimeout(look, pause, live);
}

async function look(live) {
  try {
    const answer = await fetch(live.dataset.live, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (answer.ok && !answer.redirected) show(live, await answer.text());
  } catch {
    // The server is away for a moment: what is shown stays, and the next look may find it.
  }
  watch();
}

function show(live, text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const fresh = page.querySelector("[data-live]");
  if (!fresh) return;
  if (live.dataset.state !== fresh.dataset.state && !MOVING.includes(fresh.dataset.state) && !touched) {
    location.reload();
    return;
  }
  const held = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  live.replaceWith(document.adoptNode(fresh));
  if (held) [...fresh.querySelectorAll("a")].find((link) => link.getAttribute("href") === held)?.focus({ preventScroll: true });
}

for (const button of document.querySelectorAll("button[data-once]")) {
  // After the submission, not before it: a disabled button would not be sent.
  button.form?.addEventListener("submit", () => setTimeout(() => (button.disabled = true)));
}
document.addEventListener("input", () => (touched = true));
watch();
