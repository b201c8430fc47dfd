/* What the dialog's module does to a form once somebody is chosen, and to a picture once it is there. */

const tryons = document.querySelectorAll("[data-exhibit]");

for (const exhibit of tryons) {
  const form = exhibit.querySelector("form[data-view=form]");
  if (form) {
    const person = form.querySelector("[data-person]");
    const radio = form.querySelector("[name=house_model]");
    form.dataset.chosen = exhibit.dataset.chosen;
    form.querySelector(".glam-tryon-actions").prepend(form.querySelector("[data-error]"));
    if (exhibit.dataset.chosen === "model" && radio) {
      radio.checked = true;
      person.src = radio.closest("label").querySelector("img").src;
      person.hidden = false;
    } else if (exhibit.dataset.chosen === "photo") {
      form.querySelector("[data-file-name]").textContent = "me.jpg";
      person.src = exhibit.dataset.person;
      person.hidden = false;
    }
  }
  // Nothing in a picture of the dialog is to be used; "Open" shows the dialog itself.
  exhibit.addEventListener("submit", (event) => event.preventDefault());
}
