/* What a photo goes through before it leaves the shopper's device. */

const COLOUR = [80, 160, 240, 255];

/* Whether a canvas gives back what was drawn. Some browsers answer with stripes instead, without an
   error, so that nobody is known again by how their device draws; a deviation of one is Brave's. */
export function drawsTrue() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8;
  try {
    const context = canvas.getContext("2d");
    context.fillStyle = `rgb(${COLOUR.slice(0, 3).join(" ")})`;
    context.fillRect(0, 0, 8, 8);
    const { data } = context.getImageData(0, 0, 8, 8);
    return data.every((value, at) => Math.abs(value - COLOUR[at % 4]) <= 2);
  } catch {
    return false;
  }
}

/* Smaller, upright and without a word about where it was taken. The file itself where no canvas can
   be trusted: the shop does the same to it. Null when it cannot be decoded. */
export async function shrink(file, longSide) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return null;
  }
  if (!drawsTrue()) {
    bitmap.close();
    return file;
  }
  const scale = Math.min(1, longSide / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
}
