const PATHS = {
	play: "M8 5.5v13l10.5-6.5z",
	pause: "M8 5.5v13M16 5.5v13",
	sound: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11",
	silent: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9.5l5 5m0-5-5 5",
	fullscreen: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
	window: "M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5",
	pip: "M3.5 5.5h17v13h-17zM12.5 12h5.5v4h-5.5z",
} as const;

const SVG = "http://www.w3.org/2000/svg";

/** Gives a button its picture and the name that it is called by; both change with what a press would do. */
export function setIcon(button: HTMLButtonElement, icon: keyof typeof PATHS, label: string): void {
	if (button.dataset["icon"] === icon) return;
	button.dataset["icon"] = icon;
	button.setAttribute("aria-label", label);
	button.title = label;
	const svg = document.createElementNS(SVG, "svg");
	svg.setAttribute("viewBox", "0 0 24 24");
	svg.setAttribute("aria-hidden", "true");
	const path = document.createElementNS(SVG, "path");
	path.setAttribute("d", PATHS[icon]);
	svg.append(path);
	button.replaceChildren(svg);
}
