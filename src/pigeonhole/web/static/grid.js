import { element, spaced } from "./ask.js";

// Many pictures, chosen with the mouse, with Shift for a range, or with the keyboard.
export class Grid {
  constructor(box) {
    this.box = box;
    this.selected = new Set();
    this.here = 0;
    this.start = 0;
    this.pictures = [];
    box.addEventListener("click", (event) => {
      const tile = event.target.closest(".tile");
      if (!tile) return;
      const place = [...box.children].indexOf(tile);
      if (event.shiftKey) this.selectTo(place);
      else this.toggle(place);
      this.move(place, event.shiftKey);
    });
  }

  show(pictures) {
    const isSame = pictures.length === this.pictures.length
      && pictures.every((each, place) => each.picture === this.pictures[place].picture);
    this.pictures = pictures;
    if (!isSame || !this.box.children.length) {
      this.box.replaceChildren(...pictures.map((each, place) => element("div",
        { class: "tile", role: "option", id: `tile-${place}`, "aria-selected": "false" },
        element("img", { src: `/pictures/${each.picture}/small`, alt: each.name, loading: "lazy" }),
        element("span", {}, each.category ? spaced(each.category) : "?"))));
    }
    this.draw();
  }

  // The pictures that are selected, else the one where the keyboard is.
  chosen(pictures) {
    const some = pictures.filter((each) => this.selected.has(each.picture));
    return some.length ? some : pictures.slice(this.here, this.here + 1);
  }

  clear() {
    this.selected.clear();
    this.draw();
  }

  toggle(place) {
    const { picture } = this.pictures[place];
    if (!this.selected.delete(picture)) this.selected.add(picture);
    this.start = place;
  }

  selectTo(place) {
    const [low, high] = [Math.min(this.start, place), Math.max(this.start, place)];
    this.pictures.slice(low, high + 1).forEach((each) => this.selected.add(each.picture));
  }

  move(place, keepsStart) {
    this.here = Math.max(0, Math.min(place, this.pictures.length - 1));
    if (!keepsStart) this.start = this.here;
    this.draw();
    this.box.children[this.here]?.scrollIntoView({ block: "nearest" });
  }

  draw() {
    this.here = Math.max(0, Math.min(this.here, this.pictures.length - 1));
    [...this.box.children].forEach((tile, place) => {
      tile.setAttribute("aria-selected", String(this.selected.has(this.pictures[place]?.picture)));
      tile.classList.toggle("here", place === this.here);
    });
    this.box.setAttribute("aria-activedescendant", `tile-${this.here}`);
  }

  columns() {
    const tiles = [...this.box.children];
    return Math.max(1, tiles.findIndex((tile) => tile.offsetTop > tiles[0].offsetTop));
  }

  handle(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns(), ArrowUp: -this.columns() };
    if (event.key in steps) {
      const place = this.here + steps[event.key];
      if (event.shiftKey) this.selectTo(Math.max(0, Math.min(place, this.pictures.length - 1)));
      this.move(place, event.shiftKey);
      return true;
    }
    if (event.key !== " ") return false;
    this.toggle(this.here);
    this.draw();
    return true;
  }
}
