import { formatBitrate, formatCodec, formatCount, formatDuration } from "../shared/format.ts";
import { createPart, setText } from "../shared/page-element.ts";
import type { StreamFacts } from "../shared/server-api.ts";
import { DEFAULT_INSTANCE, watchPath } from "../shared/stream-address.ts";

/**
 * The list of live streams. A card stays the same element as long as its stream is there, so that focus and selection
 * survive each refresh. Names come from strangers: they only ever become text and encoded path segments.
 */
export class StreamList {
	readonly #parent: HTMLUListElement;
	readonly #cards = new Map<string, Card>();

	constructor(parent: HTMLUListElement) {
		this.#parent = parent;
	}

	/** Shows exactly these streams, in the order of their paths; `serverNow` is the server's clock. */
	show(streams: readonly StreamFacts[], serverNow: number): void {
		const wanted = new Map(streams.map(stream => [watchPath(stream), stream] as const));
		for (const [path, card] of this.#cards) {
			if (wanted.has(path)) continue;
			card.element.remove();
			this.#cards.delete(path);
		}
		const paths = [...wanted.keys()].sort((a, b) => a.localeCompare(b));
		for (const [index, path] of paths.entries()) {
			let card = this.#cards.get(path);
			if (!card) {
				card = createCard(path);
				this.#cards.set(path, card);
			}
			card.show(wanted.get(path)!, serverNow);
			if (this.#parent.children[index] !== card.element) {
				this.#parent.insertBefore(card.element, this.#parent.children[index] ?? null);
			}
		}
	}
}

type Card = { readonly element: HTMLLIElement; show(stream: StreamFacts, serverNow: number): void };

function createCard(path: string): Card {
	const element = document.createElement("li");
	element.className = "stream";
	const link = document.createElement("a");
	link.className = "stream-name";
	link.href = path;
	const place = createPart("stream-place");
	const state = createPart("pill");
	const picture = createPart("stream-picture");
	const numbers = createPart("stream-numbers");
	element.replaceChildren(link, state, place, picture, numbers);

	return {
		element,
		show(stream, serverNow) {
			setText(link, stream.name);
			setText(
				place,
				stream.instance === DEFAULT_INSTANCE ? stream.application : `${stream.application} / ${stream.instance}`,
			);
			setText(state, stream.publishing ? "Live" : "Interrupted");
			state.dataset["tone"] = stream.publishing ? "live" : "warn";
			setText(picture, describePicture(stream));
			setText(
				numbers,
				[
					formatBitrate(stream.bitrate),
					formatCount(stream.viewers, "viewer"),
					`for ${formatDuration(serverNow - stream.since)}`,
				].join(" · "),
			);
		},
	};
}

function describePicture(stream: StreamFacts): string {
	const size = stream.width && stream.height ? `${stream.width} × ${stream.height}` : undefined;
	const rate = stream.framerate ? `${Math.round(stream.framerate * 100) / 100} fps` : undefined;
	const video = stream.videoCodec === undefined ? undefined : formatCodec(stream.videoCodec);
	const audio = stream.audioCodec === undefined ? undefined : formatCodec(stream.audioCodec);
	return [size, rate, video, audio].filter(Boolean).join(" · ") || "Nothing received yet";
}
