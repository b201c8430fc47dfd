/* One photo from the camera: seen as in a mirror, counted down, kept or taken again. */

const COUNT_SECONDS = 3;
/* The most of a person that a camera gives: the picture is made smaller afterwards. */
const WISH = { facingMode: "user", width: { ideal: 1536 }, height: { ideal: 2048 } };

/* Which of the view's words a refusal of the browser means. */
const REFUSALS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
  CanvasError: "canvas",
};

function once(target, name, signal) {
  return new Promise((resolve) => target.addEventListener(name, resolve, { once: true, signal }));
}

/* One frame as a JPEG, the right way round: on a mirrored one the garment's buttons change sides. */
function capture(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

async function countDown(element, signal) {
  for (let left = COUNT_SECONDS; left > 0 && !signal.aborted; left -= 1) {
    element.textContent = String(left);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  element.textContent = "";
}

/* Resolves with the photo as a File, or with null when the shopper goes back or `signal` aborts. */
export function film(view, signal) {
  const part = (name) => view.querySelector(`[data-${name}]`);
  const [video, shot, count, note] = ["video", "shot", "count", "note"].map(part);
  const [shoot, again, use, back] = ["shoot", "again", "use", "back"].map(part);
  let stream = null;
  let photo = null;

  return new Promise((resolve) => {
    const over = new AbortController();

    function end(file) {
      over.abort();
      for (const track of stream?.getTracks() ?? []) {
        track.stop();
      }
      video.srcObject = null;
      if (shot.src) {
        URL.revokeObjectURL(shot.src);
      }
      resolve(file);
    }

    function show(name) {
      view.dataset.state = name;
      video.hidden = name === "taken";
      shot.hidden = name !== "taken";
      shoot.hidden = name !== "live";
      again.hidden = use.hidden = name !== "taken";
      ({ live: shoot, counting: back, taken: use, refused: back })[name].focus();
    }

    async function take() {
      show("counting");
      await countDown(count, over.signal);
      if (over.signal.aborted) {
        return;
      }
      photo = await capture(video);
      if (shot.src) {
        URL.revokeObjectURL(shot.src);
      }
      shot.src = URL.createObjectURL(photo);
      show("taken");
    }

    async function start() {
      try {
        const { drawsTrue } = await import(view.dataset.photo);
        if (!drawsTrue()) {
          // There is no original to send instead, as there is of a file.
          throw Object.assign(new Error(), { name: "CanvasError" });
        }
        stream = await navigator.mediaDevices.getUserMedia({ video: WISH, audio: false });
        if (over.signal.aborted) {
          end(null);
          return;
        }
        video.srcObject = stream;
        const ready = once(video, "playing", over.signal);
        await video.play();
        await ready;
        show("live");
      } catch (error) {
        if (!over.signal.aborted) {
          note.textContent = view.dataset[REFUSALS[error.name] ?? "busy"];
          note.hidden = false;
          show("refused");
        }
      }
    }

    shoot.addEventListener("click", take);
    again.addEventListener("click", () => show("live"));
    use.addEventListener("click", () =>
      end(new File([photo], view.dataset.name, { type: photo.type })),
    );
    back.addEventListener("click", () => end(null));
    signal.addEventListener("abort", () => end(null));
    start();
  });
}
