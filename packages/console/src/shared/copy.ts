/** A labelled value with a button that copies it. The value can be changed later. */
export type CopyRow = { readonly element: HTMLElement; set(value: string): void };

/** Makes a copy row; `announce` gets what a screen reader should say after copying. */
export function createCopyRow(label: string, announce: (text: string) => void): CopyRow {
	const element = document.createElement("div");
	element.className = "copy-row";
	const term = document.createElement("div");
	term.className = "copy-label";
	term.textContent = label;
	const value = document.createElement("code");
	value.className = "copy-value";
	const button = document.createElement("button");
	button.type = "button";
	button.className = "button small";
	button.textContent = "Copy";
	button.setAttribute("aria-label", `Copy: ${label}`);
	button.addEventListener("click", async () => {
		const copied = await copyText(value);
		button.textContent = copied ? "Copied" : "Select it";
		announce(copied ? `${label} copied` : `${label} is selected; copy it with the keyboard`);
		setTimeout(() => {
			button.textContent = "Copy";
		}, 1600);
	});
	element.append(term, value, button);
	return {
		element,
		set(text) {
			if (value.textContent !== text) value.textContent = text;
		},
	};
}

/** True when it is on the clipboard. Pages that came by plain HTTP have no clipboard API: those copy the selection. */
async function copyText(source: HTMLElement): Promise<boolean> {
	try {
		await navigator.clipboard.writeText(source.textContent ?? "");
		return true;
	} catch {
		const range = document.createRange();
		range.selectNodeContents(source);
		const selection = getSelection();
		selection?.removeAllRanges();
		selection?.addRange(range);
		const copied = document.execCommand("copy");
		if (copied) selection?.removeAllRanges();
		return copied;
	}
}
