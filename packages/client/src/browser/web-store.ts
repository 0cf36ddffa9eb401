import type { SharedObjectStore } from "../shared-object-place.ts";

/** What is used of `localStorage`. */
export type WebStorage = {
	getItem(key: string): string | null;
	setItem(key: string, value: string): void;
	removeItem(key: string): void;
};

/** Bytes in a page's `localStorage`, as base64. The storage replaces a value as a whole. */
export class WebStore implements SharedObjectStore {
	readonly #storage: WebStorage;

	constructor(storage: WebStorage) {
		this.#storage = storage;
	}

	read(path: string): Uint8Array | undefined {
		const text = this.#storage.getItem(PREFIX + path);
		return text === null ? undefined : Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
	}

	write(path: string, bytes: Uint8Array): void {
		let text = "";
		for (const byte of bytes) text += String.fromCharCode(byte);
		this.#storage.setItem(PREFIX + path, btoa(text));
	}

	remove(path: string): void {
		this.#storage.removeItem(PREFIX + path);
	}
}

const PREFIX = "millrace/SharedObjects/";
