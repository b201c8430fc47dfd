/* The slider between the photo before and the picture, on a job's page in the admin. */

for (const stage of document.querySelectorAll("[data-glam-tryon-compare]")) {
  const slider = stage.querySelector("input[type=range]");
  const move = () => stage.style.setProperty("--glam-tryon-before", slider.value);
  slider.hidden = false;
  slider.addEventListener("input", move);
  move();
}
