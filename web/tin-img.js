// <tin-img src="photo.tin" alt="…">: a .tin picture in a page, as <img> is for others.
//
// Attributes: src, alt, loading="lazy", and zoom: wheel, pinch, drag, +, - and 0 then look closer, and what is shown is decoded
// at the scale that it needs. Events: load, error, progress. The picture sharpens while its bytes arrive, where its codec allows.

import { decode, imageData } from "./tintype.js";

const STYLE = `
  :host { display: inline-block; max-width: 100%; overflow: hidden; position: relative; }
  :host([hidden]) { display: none; }
  canvas { display: block; width: 100%; height: auto; }
  canvas[hidden] { display: none; }
  :host([zoom]) canvas { cursor: zoom-in; touch-action: none; }
  :host([zoom]:focus-visible) { outline: 3px solid Highlight; outline-offset: 2px; }
  p { margin: 0; padding: 1em; font: inherit; }
`;

export class TinImg extends HTMLElement {
  static observedAttributes = ["src", "alt", "zoom"];

  #canvas = document.createElement("canvas");
  #words = document.createElement("p");
  #stop;
  #seen;
  #picture;
  #bytes;
  #view = { x: 0, y: 0, zoom: 1 };
  #bitmap;
  #detail;
  #waits;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const style = document.createElement("style");
    style.textContent = STYLE;
    this.#words.hidden = true;
    root.append(style, this.#canvas, this.#words);
  }

  /** What the last picture came from and how it went; undefined before. */
  get picture() {
    return this.#picture;
  }

  connectedCallback() {
    if (!this.hasAttribute("role")) this.setAttribute("role", "img");
    this.addEventListener("wheel", this.#onWheel, { passive: false });
    this.addEventListener("pointerdown", this.#onPointer);
    this.addEventListener("keydown", this.#onKey);
    this.#begin();
  }

  disconnectedCallback() {
    this.#stop?.abort();
    this.#seen?.disconnect();
    this.removeEventListener("wheel", this.#onWheel);
    this.removeEventListener("pointerdown", this.#onPointer);
    this.removeEventListener("keydown", this.#onKey);
  }

  attributeChangedCallback(name, before, now) {
    if (name === "alt") {
      if (now) this.setAttribute("aria-label", now);
      else this.removeAttribute("aria-label");
    } else if (name === "zoom") {
      if (now === null) this.removeAttribute("tabindex");
      else this.tabIndex = 0;
    } else if (this.isConnected && before !== now) {
      this.#begin();
    }
  }

  /** Shows this file: bytes, a Blob, a Response, a stream, an address. */
  show(source) {
    return this.#load(source);
  }

  #begin() {
    this.#seen?.disconnect();
    const source = this.getAttribute("src");
    if (!source) return;
    if (this.getAttribute("loading") !== "lazy") {
      this.#load(source);
      return;
    }
    this.#seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.#seen.disconnect();
      this.#load(source);
    }, { rootMargin: "50%" });
    this.#seen.observe(this);
  }

  async #load(source) {
    this.#stop?.abort();
    const stop = (this.#stop = new AbortController());
    this.#words.hidden = true;
    this.#canvas.hidden = false;
    this.#view = { x: 0, y: 0, zoom: 1 };
    this.#detail = undefined;
    const width = this.hasAttribute("zoom") ? this.clientWidth * devicePixelRatio : 0;
    try {
      const picture = await decode(source, {
        signal: stop.signal,
        fit: width > 1 ? { width, height: 1 } : undefined,
        keepBytes: this.hasAttribute("zoom"),
        onInfo: (info) => this.style.setProperty("aspect-ratio", `${info.width} / ${info.height}`),
        onPicture: (part) => {
          this.#show(part);
          const detail = { received: part.received, width: part.width, height: part.height };
          this.dispatchEvent(new CustomEvent("progress", { detail }));
        },
      });
      await this.#show(picture);
      this.#bytes = picture.bytes;
      this.dispatchEvent(new Event("load"));
    } catch (error) {
      if (stop.signal.aborted) return;
      this.#words.textContent = `${this.getAttribute("alt") ?? ""} (${error.message})`;
      this.#words.hidden = false;
      this.#canvas.hidden = true;
      this.dispatchEvent(new ErrorEvent("error", { error, message: error.message }));
    }
  }

  async #show(picture) {
    this.#picture = picture;
    const canvas = this.#canvas;
    if (canvas.width !== picture.width || canvas.height !== picture.height) {
      [canvas.width, canvas.height] = [picture.width, picture.height];
    }
    const context = canvas.getContext("2d", { colorSpace: picture.colorSpace });
    const pixels = imageData(picture);
    context.putImageData(pixels, 0, 0);
    if (this.hasAttribute("zoom")) this.#bitmap = await createImageBitmap(pixels);
  }

  // Zoom. The view is a point of the picture, from 0 to 1, at the canvas's corner, and how many times closer it is.

  #zoomTo(zoom, at = { x: 0.5, y: 0.5 }) {
    if (!this.hasAttribute("zoom") || !this.#bitmap) return;
    const view = this.#view;
    const most = Math.max(4, (8 * this.#picture.info.width) / this.#canvas.width);
    const closer = Math.min(most, Math.max(1, zoom));
    view.x += at.x / view.zoom - at.x / closer;
    view.y += at.y / view.zoom - at.y / closer;
    view.zoom = closer;
    this.#look();
  }

  #look() {
    const view = this.#view;
    const end = 1 - 1 / view.zoom;
    view.x = Math.min(end, Math.max(0, view.x));
    view.y = Math.min(end, Math.max(0, view.y));
    this.#draw();
    clearTimeout(this.#waits);
    this.#waits = setTimeout(() => this.#sharpen(), 80);
  }

  #draw() {
    const { width, height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    const { x, y, zoom } = this.#view;
    const place = (left, top, wide, high) =>
      [(left - x) * zoom * width, (top - y) * zoom * height, wide * zoom * width, high * zoom * height];
    context.imageSmoothingEnabled = zoom < 6;
    context.drawImage(this.#bitmap, ...place(0, 0, 1, 1));
    if (this.#detail) context.drawImage(this.#detail.bitmap, ...place(...this.#detail.at));
  }

  /** Decodes what is shown, if the picture at hand is too coarse for it. */
  async #sharpen() {
    const { x, y, zoom } = this.#view;
    const { info, width } = this.#picture;
    if (!this.#bytes || (width * zoom <= width * 1.01 && width >= this.#canvas.width) || width >= info.width) {
      this.#detail = undefined;
      if (this.#bitmap) this.#draw();
      return;
    }
    const left = Math.floor(x * info.width);
    const top = Math.floor(y * info.height);
    const region = {
      x: left,
      y: top,
      width: Math.max(1, Math.min(info.width - left, Math.ceil(info.width / zoom))),
      height: Math.max(1, Math.min(info.height - top, Math.ceil(info.height / zoom))),
    };
    const fit = { width: this.#canvas.width, height: 1 };
    const part = await decode(this.#bytes, { region, fit });
    const at = [region.x / info.width, region.y / info.height, region.width / info.width, region.height / info.height];
    this.#detail = { bitmap: await createImageBitmap(imageData(part)), at };
    this.#draw();
    this.dispatchEvent(new CustomEvent("detail", { detail: { region, width: part.width, height: part.height } }));
  }

  #pointOf(event) {
    const box = this.#canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }

  #onWheel = (event) => {
    if (!this.hasAttribute("zoom")) return;
    event.preventDefault();
    this.#zoomTo(this.#view.zoom * 2 ** (-event.deltaY / 200), this.#pointOf(event));
  };

  #onPointer = (event) => {
    if (!this.hasAttribute("zoom") || event.button !== 0) return;
    let from = this.#pointOf(event);
    const move = (moved) => {
      const now = this.#pointOf(moved);
      this.#view.x -= (now.x - from.x) / this.#view.zoom;
      this.#view.y -= (now.y - from.y) / this.#view.zoom;
      from = now;
      this.#look();
    };
    this.setPointerCapture(event.pointerId);
    this.addEventListener("pointermove", move);
    this.addEventListener("pointerup", () => this.removeEventListener("pointermove", move), { once: true });
  };

  #onKey = (event) => {
    const step = 0.2 / this.#view.zoom;
    const keys = {
      "+": () => this.#zoomTo(this.#view.zoom * 1.5),
      "=": () => this.#zoomTo(this.#view.zoom * 1.5),
      "-": () => this.#zoomTo(this.#view.zoom / 1.5),
      0: () => this.#zoomTo(1),
      ArrowLeft: () => ((this.#view.x -= step), this.#look()),
      ArrowRight: () => ((this.#view.x += step), this.#look()),
      ArrowUp: () => ((this.#view.y -= step), this.#look()),
      ArrowDown: () => ((this.#view.y += step), this.#look()),
    };
    if (!this.hasAttribute("zoom") || !(event.key in keys) || !this.#bitmap) return;
    event.preventDefault();
    keys[event.key]();
  };
}

if (!customElements.get("tin-img")) customElements.define("tin-img", TinImg);
