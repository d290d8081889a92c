// Of the states and provinces only those of the chosen country. Without this file they stand under their countries' names.

function follow(form) {
  const { country, region } = form.elements;
  const groups = [...region.querySelectorAll("optgroup")];
  const keep = () => {
    const name = country.selectedOptions[0]?.textContent.trim();
    const fitting = groups.filter((group) => group.label === name);
    const chosen = region.value;
    groups.forEach((group) => group.remove());
    region.append(...(fitting.length ? fitting : groups));
    region.value = chosen;
    if (region.selectedIndex < 0) region.value = "";
  };
  form.addEventListener("change", (event) => event.target === country && keep());
  keep();
}

for (const form of document.forms) if (form.elements.country && form.elements.region) follow(form);
