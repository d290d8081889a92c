// The control panel moves by itself: the part marked data-live is asked for again, sooner while a run is under way.
// When a run ends its whole page is read anew, because what it found is below.

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
  if (live.dataset.state && live.dataset.every !== "0" && fresh.dataset.every === "0") {
    location.reload();
    return;
  }
  if (!live.contains(document.activeElement) || document.activeElement === document.body) {
    live.replaceWith(document.adoptNode(fresh));
  }
}

for (const button of document.querySelectorAll("button[data-once]")) {
  // After the submission, not before it: a disabled button would not be sent.
  button.form?.addEventListener("submit", () => setTimeout(() => (button.disabled = true)));
}
watch();
