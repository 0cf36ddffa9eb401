import type { AmfObject } from "@millrace/core/amf";
import type { MediaMessage } from "@millrace/core/flv";
import type { HubClock } from "../../hub/index.ts";
import type { GrowingFile, GrowingKeyframes, PlacedConfiguration } from "../growing-file.ts";
import type { OpenRecording } from "./open-recording.ts";

export type RecordingFileOptions = {
	/** Messages wait at most so long for the disk, in milliseconds: what a crash may cost. */
	readonly flushMillis: number;
	/** So many bytes are written at once, without waiting. */
	readonly flushBytes: number;
	/** How often length and keyframes are written into the file's metadata, in milliseconds. */
	readonly metadataMillis: number;
	/** Whether the file is brought to the disk for sure before it counts as finished. */
	readonly sync: boolean;
};

/** What happens to a file. The methods are called at most once each, never from within `add` but for `onFull`. */
export interface RecordingFileObserver {
	/** The file takes no more: these messages, and those that follow, belong into another. */
	onFull(file: RecordingFile, rest: readonly MediaMessage[]): void;
	/** The disk failed. What was written stays readable. */
	onFailed(file: RecordingFile, error: unknown): void;
}

/** What a message costs in memory beside its payload, about. */
const MESSAGE_OVERHEAD_BYTES = 128;

/**
 * One file that is being recorded. Messages are taken at once and without waiting; a single chain of asynchronous
 * writes follows them to the disk, in whole tags, so that the file can be read at any moment.
 */
export class RecordingFile implements GrowingFile {
	readonly path: string;
	readonly #options: RecordingFileOptions;
	readonly #clock: HubClock;
	readonly #observer: RecordingFileObserver;
	readonly #listeners = new Set<() => void>();
	#open: OpenRecording | undefined;
	/** What came before the file was open. */
	#held: MediaMessage[] = [];
	#heldBytes = 0;
	#readableBytes = 0;
	#durationMillis = 0;
	/** Bytes on their way to the disk. */
	#inFlight = 0;
	/** The chain of everything that touches the file. */
	#work: Promise<void>;
	#isWriting = true;
	#cancelFlush: (() => void) | undefined;
	/** A flush fell due while another was under way. */
	#isDue = false;
	#patchedAt: number;
	#isFull = false;
	#isSettled = false;
	#isPrepared = false;
	#state: "growing" | "finishing" | "finished" | "failed" = "growing";
	#finishing: Promise<void> | undefined;

	/** @param open opens the file; what is added meanwhile waits for it */
	constructor(
		path: string,
		open: () => Promise<OpenRecording>,
		clock: HubClock,
		options: RecordingFileOptions,
		observer: RecordingFileObserver,
	) {
		this.path = path;
		this.#clock = clock;
		this.#options = options;
		this.#observer = observer;
		this.#patchedAt = clock.now();
		this.#work = open().then(
			opened => this.#opened(opened),
			error => this.#fail(error),
		);
	}

	get readableBytes(): number {
		return this.#readableBytes;
	}

	/** Bytes that were added to what stood there before. */
	get addedBytes(): number {
		return this.#readableBytes - (this.#open?.position ?? 0);
	}

	get durationMillis(): number {
		return this.#durationMillis;
	}

	get hasVideo(): boolean {
		return this.#open?.writer.hasVideo ?? false;
	}

	get hasAudio(): boolean {
		return this.#open?.writer.hasAudio ?? false;
	}

	get metadata(): AmfObject {
		return this.#open?.writer.metadata ?? {};
	}

	get configurations(): readonly PlacedConfiguration[] {
		return this.#open?.writer.configurations ?? [];
	}

	get keyframes(): GrowingKeyframes {
		const index = this.#open?.writer.index;
		if (index === undefined) return NO_KEYFRAMES;
		return { count: index.countBefore(this.#readableBytes), times: index.times, positions: index.positions };
	}

	get isFinished(): boolean {
		return this.#state === "finished" || this.#state === "failed";
	}

	/** Writing has failed, or the file could not be opened. */
	get hasFailed(): boolean {
		return this.#state === "failed";
	}

	/** Bytes of memory that wait for the disk. */
	get waitingBytes(): number {
		return this.#heldBytes + this.#inFlight + (this.#open?.writer.pendingBytes ?? 0);
	}

	onGrowth(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Takes the next message. What comes after the file was full, has failed or is to be finished is ignored. */
	add(message: MediaMessage): void {
		if (this.#state !== "growing" || this.#isFull) return;
		if (this.#open === undefined) {
			this.#held.push(message);
			this.#heldBytes += message.payload.length + MESSAGE_OVERHEAD_BYTES;
		} else if (this.#open.writer.add(message)) {
			this.#schedule();
		} else {
			this.#isFull = true;
			this.#observer.onFull(this, [...(this.#open.writer.refused ?? []), message]);
		}
	}

	/** Writes what waits, without waiting for more. */
	flush(): void {
		if (this.#state === "growing" && this.#open !== undefined && this.#open.writer.pendingBytes > 0) this.#flush();
	}

	/** Writes what waits and closes the file. Resolves when that is done, or has failed. */
	finish(): Promise<void> {
		this.#finishing ??= this.#finish();
		return this.#finishing;
	}

	async #finish(): Promise<void> {
		if (this.#state === "growing") this.#state = "finishing";
		this.#cancelFlush?.();
		this.#cancelFlush = undefined;
		await this.#work;
		const open = this.#open;
		if (open === undefined || this.#state === "failed") return;
		this.#work = this.#close(open);
		await this.#work;
	}

	#opened(opened: OpenRecording): void {
		this.#open = opened;
		this.#readableBytes = opened.position;
		const held = this.#held;
		this.#held = [];
		this.#heldBytes = 0;
		this.#isWriting = false;
		for (const [i, message] of held.entries()) {
			if (opened.writer.add(message)) continue;
			this.#isFull = true;
			this.#observer.onFull(this, [...(opened.writer.refused ?? []), ...held.slice(i)]);
			break;
		}
		if (this.#state === "growing" && opened.writer.pendingBytes > 0) this.#schedule();
	}

	#schedule(): void {
		// What waits for the rest of its fragment is no reason to write: that would be done over and over.
		if (this.#open!.writer.readyBytes >= this.#options.flushBytes) this.#flush();
		else this.#cancelFlush ??= this.#clock.schedule(this.#options.flushMillis, () => this.#flush());
	}

	#flush(): void {
		this.#cancelFlush?.();
		this.#cancelFlush = undefined;
		if (this.#isWriting) {
			this.#isDue = true;
			return;
		}
		this.#isWriting = true;
		this.#work = this.#write(this.#open!).then(
			() => this.#written(),
			error => this.#fail(error),
		);
	}

	#written(): void {
		this.#isWriting = false;
		const isDue = this.#isDue;
		this.#isDue = false;
		if (this.#state !== "growing" || this.#open!.writer.pendingBytes === 0) return;
		if (isDue) this.#flush();
		else this.#schedule();
	}

	async #write(open: OpenRecording, final = false): Promise<void> {
		const { writer, handle } = open;
		const bytes = writer.take(final);
		const { durationMillis } = writer;
		// Both at once, so that the region speaks of nothing that is not in the file yet.
		const now = this.#clock.now();
		const isPatchDue = final || now - this.#patchedAt >= this.#options.metadataMillis;
		const patches = isPatchDue ? writer.patches() : [];
		this.#inFlight = bytes.length;
		try {
			await this.#append(open, bytes);
		} finally {
			this.#inFlight = 0;
		}
		this.#durationMillis = durationMillis;
		for (const patch of patches) {
			const { error } = await writeAll(open, patch.bytes, patch.position);
			if (error !== undefined) throw error;
		}
		if (isPatchDue) this.#patchedAt = now;
		if (final && this.#options.sync) await handle.sync();
		if (bytes.length > 0) this.#tellGrowth();
	}

	async #append(open: OpenRecording, bytes: Uint8Array): Promise<void> {
		const start = this.#readableBytes;
		if (bytes.length > 0 && !this.#isPrepared) {
			this.#isPrepared = true;
			await open.prepare?.();
		}
		const { written, error } = await writeAll(open, bytes, start);
		if (error === undefined) {
			await this.#settle(open, written);
			return;
		}
		const whole = open.writer.wholeBytes(bytes, written);
		await open.handle.truncate(start + whole);
		await this.#settle(open, whole);
		throw error;
	}

	/** So much more can be read: under the file's name, which it has from its first bytes on. */
	async #settle(open: OpenRecording, added: number): Promise<void> {
		if (!this.#isSettled && added > 0) {
			await open.settle();
			this.#isSettled = true;
		}
		this.#readableBytes += added;
	}

	async #close(open: OpenRecording): Promise<void> {
		try {
			await this.#write(open, true);
			await open.handle.close();
			// Nothing that came has a place in this format.
			if (this.#readableBytes === 0) await open.undo();
			this.#state = "finished";
			this.#tellGrowth();
		} catch (error) {
			await this.#fail(error);
		}
	}

	async #fail(error: unknown): Promise<void> {
		this.#state = "failed";
		this.#held = [];
		this.#heldBytes = 0;
		this.#cancelFlush?.();
		this.#cancelFlush = undefined;
		const open = this.#open;
		// Each of these may fail as the disk did; the first error is the one to tell.
		if (open !== undefined) {
			if (this.#readableBytes > open.position) await this.#describe(open).catch(() => undefined);
			await open.handle.close().catch(() => undefined);
			if (!this.#isSettled && this.#readableBytes === open.position) await open.undo().catch(() => undefined);
		}
		this.#tellGrowth();
		this.#observer.onFailed(this, error);
	}

	/** Length and keyframes of what did reach the disk: they go where bytes stand already, so a full disk takes them. */
	async #describe(open: OpenRecording): Promise<void> {
		for (const patch of await open.describe(this.#readableBytes)) await writeAll(open, patch.bytes, patch.position);
	}

	#tellGrowth(): void {
		for (const listener of [...this.#listeners]) listener();
	}
}

const NO_KEYFRAMES: GrowingKeyframes = { count: 0, times: new Float64Array(0), positions: new Float64Array(0) };

/** How much reached the file, and why not more. */
type Written = { readonly written: number; readonly error: unknown };

async function writeAll({ handle }: OpenRecording, bytes: Uint8Array, position: number): Promise<Written> {
	let written = 0;
	try {
		while (written < bytes.length) written += await handle.write(bytes.subarray(written), position + written);
		return { written, error: undefined };
	} catch (error) {
		return { written, error };
	}
}
