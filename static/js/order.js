// The order page: how long it can still be changed, counted down. The hour stands there without this file.

const clock = document.querySelector("[data-countdown]");

function left(until) {
  const seconds = Math.max(0, Math.round((until - Date.now()) / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return [seconds, shown.map((part, at) => (at ? String(part).padStart(2, "0") : part)).join(":")];
}

function tick(until) {
  const [seconds, words] = left(until);
  clock.textContent = words;
  // Once, when it is over: the server knows whether printing has begun.
  if (seconds === 0) location.reload();
  else setTimeout(() => tick(until), 1000);
}

if (clock && new Date(clock.dataset.countdown) > Date.now()) {
  clock.hidden = false;
  tick(new Date(clock.dataset.countdown).getTime());
}
