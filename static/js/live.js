// Ask the server for the page anew and show only what changed: regions marked data-live, found again by their id.

const said = document.querySelector("#said");
let asking = null;
let pause = 0;

export const isAsking = () => asking !== null;

export function say(words) {
  if (said && words) said.textContent = words.replace(/\s+/g, " ").trim();
}

export async function read(answer) {
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

export function show(page) {
  const held = document.activeElement?.id;
  const regions = [...document.querySelectorAll("[data-live]")];
  const fresh = regions.map((region) => page.getElementById(region.id));
  if (fresh.includes(null)) return false;
  regions.forEach((region, at) => region.replaceWith(document.adoptNode(fresh[at])));
  const count = page.querySelector("#cart-link");
  if (count) document.querySelector("#cart-link")?.replaceWith(document.adoptNode(count));
  const next = document.getElementById(held) ?? document.querySelector("#undo") ?? document.querySelector("main");
  if (held && next !== document.activeElement) next.focus({ preventScroll: true });
  document.dispatchEvent(new Event("live"));
  return true;
}

function send(form, button) {
  const fields = new URLSearchParams(new FormData(form));
  if (button?.name) fields.append(button.name, button.value);
  return fetch(form.getAttribute("action"), { method: "POST", body: fields, headers: { Accept: "text/html" } });
}

function busy(is) {
  for (const region of document.querySelectorAll("[data-live]")) region.setAttribute("aria-busy", String(is));
}

// Several questions at once: the answer to the last one is shown. `told(page)` gives the words to be read out.
export async function refresh(form, { button = null, told, failed }) {
  clearTimeout(pause);
  const mine = (asking = {});
  busy(true);
  try {
    const answer = await send(form, button);
    const page = await read(answer);
    if (mine !== asking) return;
    const words = told(page); // before `show`, which moves parts of that page into this one
    const here = new URL(answer.url).pathname === location.pathname;
    if (!here || !show(page)) location.assign(answer.url);
    else say(words);
  } catch {
    if (mine === asking) failed();
  }
  if (mine === asking) asking = null;
  busy(false);
}

export function soon(act) {
  clearTimeout(pause);
  pause = setTimeout(act, 400);
}
