/* A try-on under way: asked about when the server says so, and counted in seconds. */

/* The first wait after an order, and those after a lost connection. */
const FIRST_MS = 400;
const LOST_MS = { first: 700, last: 10_000 };
/* Between two questions at least, and where no answer says it. */
const SHORTEST_MS = 100;
const UNTOLD_MS = 1000;

/* Wait so long, and for as long as nobody looks at the tab. Who looks again, or has a network
   again, does not wait for the rest. */
async function pause(ms, signal) {
  const woken = new AbortController();
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    woken.signal.addEventListener("abort", () => clearTimeout(timer));
    for (const [target, name] of [
      [window, "online"],
      [document, "visibilitychange"],
      [signal, "abort"],
    ]) {
      target.addEventListener(name, resolve, { signal: woken.signal });
    }
  });
  woken.abort();
  while (document.hidden && !signal.aborted) {
    await new Promise((resolve) =>
      document.addEventListener("visibilitychange", resolve, { once: true }),
    );
  }
  signal.throwIfAborted();
}

/* Ask for the job until it is over; tell each answer to `tell`, a lost connection as null. */
export async function follow(job, signal, tell, ask) {
  let wait = job.words ? FIRST_MS : 0;
  let tag = null;
  let lost = 0;
  if (job.words) {
    tell(job);
  }
  while (!job.over && !job.error) {
    await pause(wait, signal);
    wait = Math.min(LOST_MS.first * 2 ** lost, LOST_MS.last) * (0.75 + Math.random() / 2);
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const { status, data, header } = await ask("GET", job.url, { signal, headers });
      if (status === 403 || status === 404) {
        return null;
      }
      const known = status === 304;
      if (known || (status === 200 && data)) {
        job = known ? job : data;
        tag = known ? tag : header("ETag");
        lost = 0;
        wait = Math.max(Number(header("X-Glam-Tryon-Poll-After")) || UNTOLD_MS, SHORTEST_MS);
        tell(job);
      } else {
        lost += 1;
        wait = Math.max(wait, 1000 * Number(header("Retry-After")) || 0);
      }
    } catch {
      signal.throwIfAborted();
      lost += 1;
      tell(null);
    }
  }
  return job;
}

/* A time in words of the page's language, with the plural that belongs to it. */
function duration(seconds) {
  const [value, unit] =
    seconds < 90 ? [Math.ceil(seconds / 5) * 5, "second"] : [Math.round(seconds / 60), "minute"];
  const language = document.documentElement.lang.replace("_", "-") || undefined;
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(value);
}

/* Count the seconds of one wait, and fill the bar towards the usual time. That is no promise, so
   the bar never gets full. */
export class Clock {
  #begun = Date.now();
  #usual = 0;
  #timer = setInterval(() => this.#tick(), 1000);
  #view;

  constructor(view) {
    this.#view = view;
    this.#tick();
  }

  learn(job) {
    const begun = Date.now() - (job.waited_seconds ?? 0) * 1000;
    if (job.waited_seconds && Math.abs(begun - this.#begun) > 2000) {
      this.#begun = begun;
    }
    const usual = this.#view.querySelector("[data-usual]");
    if (job.usual_seconds && usual) {
      this.#usual = job.usual_seconds;
      usual.textContent = usual.dataset.usual.replace("{time}", duration(this.#usual));
    }
    this.#tick();
  }

  #tick() {
    const seconds = Math.max(0, Math.round((Date.now() - this.#begun) / 1000));
    const rest = String(seconds % 60).padStart(2, "0");
    this.#view.querySelector("[data-elapsed]").textContent = `${Math.floor(seconds / 60)}:${rest}`;
    if (this.#usual) {
      const part = 1 - Math.exp((-1.5 * seconds) / this.#usual);
      this.#view.querySelector("progress").value = 0.95 * part;
    }
  }

  stop() {
    clearInterval(this.#timer);
  }
}
