import type { AmfObject } from "@millrace/core/amf";
import { MEDIA_AUDIO, MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";
import {
	type Fragment,
	type FragmentHandler,
	type FragmentResume,
	FragmentWriter,
	type LeftOut,
} from "@millrace/core/mp4";
import type { PlacedConfiguration } from "../growing-file.ts";
import { KeyframeIndex } from "./keyframe-index.ts";
import type { FilePatch, RecordingWriter } from "./recording-writer.ts";
import type { FileHead } from "./stream-head.ts";

/**
 * What is in no fragment yet is lost in a crash, beside what waits for the disk: a second of both at most. A fragment
 * costs some 250 bytes.
 */
const FRAGMENT_MILLIS = 250;

/** A file that is gone on with. */
export type Mp4Resume = {
	readonly resume: FragmentResume;
	/** The stream turns out to be of other tracks or codec configurations. */
	onRefused(): void;
};

/**
 * Writes fragmented MP4: short fragments, each of which is whole by itself. Lengths and the index come at
 * the end; a file that is torn does without. Configurations that change, and tracks that come later, end the file; a
 * file that is gone on with takes only what has the configurations that it holds.
 */
export class Mp4Writer implements RecordingWriter {
	readonly index = new KeyframeIndex();
	/** They stand in the file's head, not among the frames. */
	readonly configurations: readonly PlacedConfiguration[] = [];
	readonly metadata: AmfObject = {};
	readonly #writer: FragmentWriter;
	readonly #baseTime: number;
	#ready: Uint8Array[] = [];
	#readyBytes = 0;
	/** Payload that is in no fragment yet, about. */
	#waitingBytes = 0;
	/** Where the next fragment begins. */
	#position = 0;
	#durationMillis = 0;
	#patches: FilePatch[] = [];
	#hasAudio = false;
	#hasVideo = false;
	#hasInit = false;
	/** Another file would have begun: what comes now is not for this one. */
	#isFull = false;
	/** What came before it is known whether it can follow in a file that is there. */
	#unsettled: MediaMessage[] | undefined;

	/**
	 * @param baseTime the stream's time that becomes 0 in the file
	 * @param resumed the file that is gone on with, if any; `baseTime` is then less by its length
	 */
	constructor(head: FileHead, baseTime: number, onLeftOut: (track: LeftOut) => void, resumed?: Mp4Resume) {
		const resume = resumed?.resume;
		this.#baseTime = baseTime;
		if (resume !== undefined) {
			this.#unsettled = [];
			this.#position = resume.keptBytes;
			this.#durationMillis = resume.endMillis;
		}
		const handler: FragmentHandler = {
			onInit: ({ bytes, reason, tracks }) => {
				if (this.#hasInit || (resume !== undefined && reason !== "resumed")) {
					this.#isFull = true;
					if (this.#unsettled !== undefined) resumed?.onRefused();
					return;
				}
				this.#unsettled = undefined;
				this.#hasInit = true;
				this.#hasAudio = tracks.some(track => track.kind === "audio");
				this.#hasVideo = tracks.some(track => track.kind === "video");
				this.#push(bytes);
			},
			onFragment: fragment => this.#onFragment(fragment),
			onFileEnd: ({ index, patches, durationMillis }) => {
				if (this.#isFull) return;
				this.#push(index);
				this.#patches = patches.map(({ offset, bytes }) => ({ position: offset, bytes }));
				this.#durationMillis = durationMillis;
			},
			onLeftOut,
		};
		this.#writer = new FragmentWriter(handler, { longestMillis: FRAGMENT_MILLIS, resume });
		for (const configuration of head.configurations) this.#writer.write(configuration.at(0));
	}

	get durationMillis(): number {
		return this.#durationMillis;
	}

	get pendingBytes(): number {
		return this.#readyBytes + this.#waitingBytes;
	}

	get readyBytes(): number {
		return this.#readyBytes;
	}

	get hasAudio(): boolean {
		return this.#hasAudio;
	}

	get hasVideo(): boolean {
		return this.#hasVideo;
	}

	add(message: MediaMessage): boolean {
		if (message.type !== MEDIA_AUDIO && message.type !== MEDIA_VIDEO) return true;
		this.#waitingBytes += message.payload.length;
		this.#writer.write(message.at(Math.max(0, message.timestamp - this.#baseTime)));
		if (!this.#isFull) this.#unsettled?.push(message);
		return !this.#isFull;
	}

	get refused(): readonly MediaMessage[] {
		return this.#unsettled ?? [];
	}

	take(final: boolean): Uint8Array {
		if (final && !this.#isFull) this.#writer.end();
		const bytes = new Uint8Array(this.#readyBytes);
		let at = 0;
		for (const part of this.#ready) {
			bytes.set(part, at);
			at += part.length;
		}
		this.#ready = [];
		this.#readyBytes = 0;
		return bytes;
	}

	patches(): readonly FilePatch[] {
		return this.#patches;
	}

	wholeBytes(bytes: Uint8Array, length: number): number {
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		let whole = 0;
		for (let at = 0; at + 8 <= length; ) {
			const size = view.getUint32(at);
			const isFragmentHead = view.getUint32(at + 4) === MOOF;
			at += size;
			if (size < 8 || at > length) break;
			// A fragment's head counts only with its frames.
			if (!isFragmentHead) whole = at;
		}
		return whole;
	}

	#onFragment({ bytes, startMillis, endMillis, startsWithKeyframe }: Fragment): void {
		if (this.#isFull) return;
		if (startsWithKeyframe) this.index.add(startMillis, this.#position);
		this.#durationMillis = Math.max(this.#durationMillis, endMillis);
		this.#waitingBytes = 0;
		this.#push(bytes);
	}

	#push(bytes: Uint8Array): void {
		this.#ready.push(bytes);
		this.#readyBytes += bytes.length;
		this.#position += bytes.length;
	}
}

/** The type of a fragment's head, “moof”. */
const MOOF = 0x6d6f_6f66;
