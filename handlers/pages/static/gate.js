// The gate page works without this. With it: no second submission of the same form, and a word about a photo that is too large before it travels.

const LARGEST = 10 * 1024 * 1024;
const form = document.querySelector("form.ask");
const photo = form.querySelector("#photo");
const warning = form.querySelector("#photo-large");
const button = form.querySelector("button[type=submit]");

photo.addEventListener("change", () => {
  const large = photo.files.length > 0 && photo.files[0].size > LARGEST;
  warning.hidden = !large;
  if (large) photo.value = "";
});

form.addEventListener("submit", () => {
  // After this event, or the browser would not send the form.
  setTimeout(() => { button.disabled = true; });
});

// Back from the next page: the button works again.
addEventListener("pageshow", () => { button.disabled = false; });

document.querySelector("#problem")?.focus();
