/** The element with this id, which the page's own HTML promises; throws where page and script do not fit together. */
export function pageElement<T extends HTMLElement>(id: string, type: new () => T): T {
	const element = document.getElementById(id);
	if (!(element instanceof type)) throw new Error(`The page has no ${type.name} #${id}.`);
	return element;
}

/** Sets text without touching the DOM when nothing changed, so that selections and screen readers are left alone. */
export function setText(element: Element, text: string): void {
	if (element.textContent !== text) element.textContent = text;
}

/** A piece of a row or card: a span of that class. */
export function createPart(className: string, text = ""): HTMLElement {
	const element = document.createElement("span");
	element.className = className;
	element.textContent = text;
	return element;
}
