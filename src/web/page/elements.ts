type Content = Node | string;

/** An element with a class and contents. Texts stay texts: nothing of the page is ever parsed as HTML. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  tag: Name,
  className = '',
  ...contents: readonly Content[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...contents);
  return element;
}

export function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`Bug: the page has no ${id}`);
  return element;
}

/** Touches only what changes: a reader's selection and a screen reader's place stay where they are. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setData(element: HTMLElement, name: string, value: string): void {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

/** One of the symbols of page.html. */
export function makeIcon(name: string): SVGSVGElement {
  const SVG = 'http://www.w3.org/2000/svg';
  const icon = document.createElementNS(SVG, 'svg');
  icon.setAttribute('class', 'icon');
  icon.setAttribute('aria-hidden', 'true');
  icon.append(document.createElementNS(SVG, 'use'));
  setIcon(icon, name);
  return icon;
}

export function setIcon(icon: Element, name: string): void {
  const use = icon.firstElementChild;
  if (use?.getAttribute('href') !== `#${name}`) use?.setAttribute('href', `#${name}`);
}

/** An element, and how it is brought up to date. */
export interface Part<Item> {
  readonly element: HTMLElement;
  show(item: Item): void;
}

/** Keeps one part for each item, by key, in the items' order. */
export function keepList<Item>(
  parent: HTMLElement,
  { keyOf, makePart }: { keyOf: (item: Item) => string; makePart: () => Part<Item> },
): (items: readonly Item[]) => void {
  const parts = new Map<string, Part<Item>>();
  return items => {
    const keys = new Set(items.map(keyOf));
    for (const [key, { element }] of parts) {
      if (keys.has(key)) continue;
      element.remove();
      parts.delete(key);
    }
    for (const [index, item] of items.entries()) {
      const key = keyOf(item);
      const part = parts.get(key) ?? makePart();
      parts.set(key, part);
      part.show(item);
      const place = parent.children[index] ?? null;
      if (place !== part.element) parent.insertBefore(part.element, place);
    }
  };
}
