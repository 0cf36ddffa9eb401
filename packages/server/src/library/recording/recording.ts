import { dirname } from "node:path";
import type { MediaMessage } from "@millrace/core/flv";
import type { LeftOut } from "@millrace/core/mp4";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import type { StreamName } from "../../app/index.ts";
import type { HubClock, LiveStream, PublisherEnd, StreamTap } from "../../hub/index.ts";
import type { EventLog } from "../../log/index.ts";
import type { RecordingFileSystem } from "./file-system.ts";
import type { OpenRecording, RecordingMode, RecordingStart } from "./open-recording.ts";
import type { RecordSettings } from "./record-settings.ts";
import {
	type FinishedFile,
	isFault,
	type RecordingEnd,
	type RecordingEndReason,
	reasonOf,
	statusOfEnd,
} from "./recording-end.ts";
import { RecordingFile, type RecordingFileObserver } from "./recording-file.ts";
import { mayCutAt, StartGate } from "./start-gate.ts";
import { isFrame, StreamHead } from "./stream-head.ts";

/** Who wanted a recording. */
export type RecordingOrigin = "publisher" | "configuration" | "command";

/** Takes the statuses of a recording: `Record.Start` or a refusal, later how it ended. Called asynchronously. */
export type RecordStatusListener = (status: NetStatus) => void;

/** What a recording needs of its recorder. */
export interface RecordingHost {
	readonly fs: RecordingFileSystem;
	readonly clock: HubClock;
	readonly log: EventLog;
	/** The path of the `n`th file, from 1; `undefined`: the name cannot be one. */
	path(recording: Recording, n: number): string | undefined;
	/** Takes a path, unless another recording has it or another file of this one. */
	claim(path: string, recording: Recording): boolean;
	/** Resolves when nobody who is about to finish has a path any more. */
	whenReleased(path: string): Promise<void>;
	release(path: string): void;
	/** Opens the file of that path as the recording's request wants it. */
	open(path: string, recording: Recording, start: RecordingStart): Promise<OpenRecording>;
	onFileFinished(recording: Recording, file: FinishedFile): void;
	onEnded(recording: Recording, end: RecordingEnd): void;
}

export type RecordingRequest = {
	readonly name: StreamName;
	readonly live: LiveStream;
	readonly mode: RecordingMode;
	readonly format: "flv" | "mp4";
	readonly origin: RecordingOrigin;
	readonly settings: RecordSettings;
};

/** How often the room on the disk is looked at, in milliseconds. */
const FREE_CHECK_MILLIS = 5000;
/** Times in FLV end at 2^31 ms, after 24 days; a file ends a day before. */
const MAX_FILE_MILLIS = 2 ** 31 - 86_400_000;
/** The most files of one recording. */
const MAX_FILES = 100_000;

/**
 * One recording of a live stream, from the request to its last byte on the disk: one file, or segments that follow each
 * other. It takes messages from its first moment on, also while the disk is still asked whether it may begin. A
 * publisher that drops and comes back within the stream's grace time goes on in the same file.
 */
export class Recording implements StreamTap, RecordingFileObserver {
	readonly request: RecordingRequest;
	/** Resolves when every file is finished; never rejects. */
	readonly ended: Promise<RecordingEnd>;
	readonly #host: RecordingHost;
	readonly #settings: RecordSettings;
	readonly #listeners = new Set<RecordStatusListener>();
	readonly #head = new StreamHead();
	readonly #finished: FinishedFile[] = [];
	/** Files that are not finished, by their paths. */
	readonly #files = new Map<string, RecordingFile>();
	/** Files that are being closed. */
	readonly #closing = new Set<Promise<void>>();
	readonly #prepared: Promise<void>;
	readonly #detach: () => void;
	/** What comes before the disk has said yes. */
	#early: MediaMessage[] | undefined = [];
	#earlyBytes = 0;
	/** Waits for a keyframe; `undefined` while there is a file. */
	#gate: StartGate | undefined;
	#file: RecordingFile | undefined;
	/** The number of the file that comes next. */
	#number = 1;
	#firstPath = "";
	#folder = "";
	#fileStart = 0;
	#fileBytes = 0;
	#start = Number.NaN;
	#bytes = 0;
	#gaps = 0;
	/** Frames are left out until a keyframe. */
	#isSkipping = false;
	/** Nothing is taken any more. */
	#isDone = false;
	#hasStarted = false;
	#cancelFreeCheck: (() => void) | undefined;
	#end: { readonly reason: RecordingEndReason; readonly error: unknown } | undefined;
	#resolveEnded!: (end: RecordingEnd) => void;

	constructor(host: RecordingHost, request: RecordingRequest) {
		this.#host = host;
		this.request = request;
		this.#settings = request.settings;
		this.#gate = new StartGate(this.#head);
		this.ended = new Promise(resolve => {
			this.#resolveEnded = resolve;
		});
		const { live } = request;
		this.#detach = live.attachTap(this);
		// What the stream's viewers have been sent since the last keyframe; empty where nobody publishes yet.
		this.onMessages([...live.cache.data.messages(), ...live.cache.configurations(), ...live.cache.group]);
		this.#prepared = this.#prepare();
	}

	/** It takes no more messages; its files may still be on their way to the disk. */
	get isEnding(): boolean {
		return this.#end !== undefined;
	}

	/** The file that is being written; `undefined` while a keyframe is waited for. */
	get file(): RecordingFile | undefined {
		return this.#file;
	}

	/** The file at a path, as long as it is not finished. */
	fileAt(path: string): RecordingFile | undefined {
		return this.#files.get(path);
	}

	/** Times that frames were left out because the disk did not follow. */
	get gaps(): number {
		return this.#gaps;
	}

	/** Calls `listener` with every status from now on, and with the start where it has been. */
	listen(listener: RecordStatusListener): () => void {
		this.#listeners.add(listener);
		if (this.#hasStarted && !this.isEnding) queueMicrotask(() => listener(this.#startStatus()));
		return () => this.#listeners.delete(listener);
	}

	/** Writes what waits, without waiting for more. */
	flush(): void {
		this.#file?.flush();
	}

	/** Ends the recording; what has come is still written. */
	stop(reason: RecordingEndReason = "stopped"): Promise<RecordingEnd> {
		this.#stop(reason);
		return this.ended;
	}

	onMessages(batch: readonly MediaMessage[]): void {
		if (this.#early === undefined) this.#process(batch);
		else this.#keep(batch);
	}

	/** It came back within the grace time: the stream's clock has run on, and so does the file. */
	onPublisher(): void {}

	onPublisherLost(): void {}

	onEnded(reason: PublisherEnd): void {
		this.#stop(reason === "server-stopping" ? reason : `publisher-${reason}`);
	}

	/** Asks the disk whether it may begin. */
	async #prepare(): Promise<void> {
		const { fs } = this.#host;
		try {
			const path = await this.#findFirst();
			if (path === undefined) return this.#stop("no-access");
			await this.#host.whenReleased(path);
			if (!this.#host.claim(path, this)) return this.#stop("already-recording");
			this.#firstPath = path;
			const folder = dirname(path);
			this.#folder = folder;
			await fs.makeFolder(folder);
			await fs.checkWritable(folder);
			const before = await fs.stat(path);
			if (before?.isFile === false) return this.#stop("no-access");
			if (before !== undefined) await fs.checkWritable(path);
			if ((await fs.freeBytes(folder)) < this.#settings.freeBytes) return this.#stop("disk-floor");
		} catch (error) {
			return this.#stop(reasonOf(error), error);
		}
		this.#hasStarted = true;
		this.#tell(this.#startStatus());
		this.#host.log.info("record", {
			stream: String(this.request.name),
			path: this.#firstPath,
			mode: this.request.mode,
		});
		if (!this.isEnding) this.#watchFree();
		const early = this.#early!;
		this.#early = undefined;
		this.#process(early);
	}

	/** The first file's path: with segments, appending goes on in the last one that is there. */
	async #findFirst(): Promise<string | undefined> {
		const { fs } = this.#host;
		let path = this.#host.path(this, this.#number);
		const { segmentMillis, segmentBytes } = this.#settings;
		if (path === undefined || this.request.mode === "record" || segmentMillis + segmentBytes === 0) return path;
		while (this.#number < MAX_FILES) {
			const next = this.#host.path(this, this.#number + 1);
			if (next === undefined || next === path || (await fs.stat(next)) === undefined) break;
			path = next;
			this.#number++;
		}
		return path;
	}

	#keep(batch: readonly MediaMessage[]): void {
		for (const message of batch) this.#earlyBytes += message.payload.length;
		if (this.#earlyBytes > this.#settings.queueBytes) {
			// The disk does not even answer: what is left out is left out up to a keyframe.
			for (const message of this.#early!) this.#head.note(message);
			this.#early = [];
			this.#earlyBytes = 0;
			this.#reportGap(this.#firstPath);
		}
		this.#early!.push(...batch);
	}

	#process(batch: readonly MediaMessage[]): void {
		for (let i = 0; i < batch.length && !this.#isDone; i++) {
			this.#head.note(batch[i]!);
			if (this.#gate === undefined) {
				this.#take(batch[i]!);
				continue;
			}
			// What a file begins with stands before its first frame, wherever in the batch it is.
			for (let later = i + 1; later < batch.length; later++) this.#head.note(batch[later]!);
			const start = this.#gate.offer(batch, i);
			if (start !== undefined) this.#begin(start);
			return;
		}
	}

	#take(message: MediaMessage): void {
		const file = this.#file!;
		const canCut = mayCutAt(message, this.#head.hasVideo);
		if (!this.#isSkipping && file.waitingBytes > this.#settings.queueBytes) {
			this.#isSkipping = true;
			this.#reportGap(file.path);
		}
		if (this.#isSkipping) {
			if (!canCut || file.waitingBytes > this.#settings.queueBytes / 2) return;
			this.#isSkipping = false;
			// Configurations that changed meanwhile; the file knows the others.
			for (const configuration of this.#head.snapshot().configurations) file.add(configuration.at(message.timestamp));
		}
		if (canCut && this.#isCutDue(message.timestamp)) this.#begin([message]);
		else this.#add(file, message);
	}

	/** Begins a file with these messages, and ends the one before. */
	#begin(messages: readonly MediaMessage[]): void {
		this.#gate = undefined;
		this.#closeFile("segment");
		const path = this.#nextPath();
		if (path === undefined) return this.#stop("no-access");
		let baseTime = Number.POSITIVE_INFINITY;
		for (const message of messages) if (isFrame(message)) baseTime = Math.min(baseTime, message.timestamp);
		const start = {
			head: this.#head.snapshot(),
			baseTime,
			onLeftOut: (track: LeftOut) => this.#reportLeftOut(path, track),
			onRefused: (text: string) => this.#reportRefused(path, text),
		};
		const { fs, clock } = this.#host;
		const open = async (): Promise<OpenRecording> => {
			await fs.makeFolder(dirname(path));
			return this.#host.open(path, this, start);
		};
		const file = new RecordingFile(path, open, clock, this.#settings, this);
		this.#file = file;
		this.#files.set(path, file);
		this.#fileStart = baseTime;
		this.#fileBytes = 0;
		if (Number.isNaN(this.#start)) this.#start = baseTime;
		const [first, ...rest] = messages;
		this.#add(file, first!);
		// What came while the disk was asked may be more than one file.
		for (const message of rest) this.#process([message]);
	}

	#add(file: RecordingFile, message: MediaMessage): void {
		file.add(message);
		const size = message.payload.length;
		this.#fileBytes += size;
		this.#bytes += size;
		const { maxMillis, maxBytes } = this.#settings;
		if (maxBytes > 0 && this.#bytes >= maxBytes) this.#stop("max-size");
		else if (maxMillis > 0 && isFrame(message) && message.timestamp - this.#start >= maxMillis) {
			this.#stop("max-duration");
		}
	}

	#isCutDue(timestamp: number): boolean {
		const { segmentMillis, segmentBytes } = this.#settings;
		const millis = timestamp - this.#fileStart;
		if (segmentMillis > 0 && millis >= segmentMillis) return true;
		return (segmentBytes > 0 && this.#fileBytes >= segmentBytes) || millis >= MAX_FILE_MILLIS;
	}

	/** The path of the file that comes next; others of that name are passed over. */
	#nextPath(): string | undefined {
		if (this.#firstPath !== "") {
			const path = this.#firstPath;
			this.#firstPath = "";
			this.#number++;
			return path;
		}
		while (this.#number <= MAX_FILES) {
			const path = this.#host.path(this, this.#number++);
			if (path === undefined || this.#host.claim(path, this)) return path;
		}
		return undefined;
	}

	onFull(file: RecordingFile, rest: readonly MediaMessage[]): void {
		// One that was replaced meanwhile had its end.
		if (this.#file !== file || this.#isDone) return;
		this.#closeFile("segment");
		this.#gate = new StartGate(this.#head);
		const start = this.#gate.offer(rest);
		if (start !== undefined) this.#begin(start);
	}

	onFailed(_file: RecordingFile, error: unknown): void {
		this.#stop(reasonOf(error), error);
	}

	#closeFile(reason: RecordingEndReason): void {
		const file = this.#file;
		if (file === undefined) return;
		this.#file = undefined;
		const closed = file.finish().then(() => {
			this.#closing.delete(closed);
			this.#files.delete(file.path);
			this.#host.release(file.path);
			if (file.addedBytes === 0) return;
			const { path, readableBytes: bytes, durationMillis } = file;
			const finished: FinishedFile = { path, bytes, durationMillis, reason };
			this.#finished.push(finished);
			this.#host.onFileFinished(this, finished);
		});
		this.#closing.add(closed);
	}

	#stop(reason: RecordingEndReason, error?: unknown): void {
		if (this.#early === undefined) this.#isDone = true;
		const before = this.#end;
		// A fault on the way to the end is what there is to tell.
		if (before === undefined || (isFault(reason) && !isFault(before.reason))) this.#end = { reason, error };
		if (before !== undefined) return;
		this.#detach();
		this.#cancelFreeCheck?.();
		void this.#finish(reason);
	}

	async #finish(reason: RecordingEndReason): Promise<void> {
		// A fault before the start is told from within the preparation.
		if (this.#hasStarted || !isFault(reason)) await this.#prepared;
		if (this.#hasStarted) {
			const rest = this.#gate?.end();
			this.#isDone = false;
			if (rest !== undefined) this.#begin(rest);
		}
		this.#isDone = true;
		this.#closeFile(reason);
		while (this.#closing.size > 0) await Promise.all(this.#closing);
		if (this.#firstPath !== "") this.#host.release(this.#firstPath);
		const end: RecordingEnd = { ...this.#end!, files: this.#finished };
		this.#host.onEnded(this, end);
		this.#tell(statusOfEnd(end.reason, end.error, this.request.name.name));
		this.#resolveEnded(end);
	}

	#watchFree(): void {
		const { fs, clock } = this.#host;
		this.#cancelFreeCheck = clock.schedule(FREE_CHECK_MILLIS, () => {
			fs.freeBytes(this.#folder).then(
				free => {
					if (this.isEnding) return;
					if (free < this.#settings.freeBytes) this.#stop("disk-floor");
					else this.#watchFree();
				},
				error => this.#stop(reasonOf(error), error),
			);
		});
	}

	#reportGap(path: string): void {
		this.#gaps++;
		const text = `The disk does not follow: frames are left out (record.queueBytes is ${this.#settings.queueBytes}).`;
		this.#host.log.warn("record-gap", { stream: String(this.request.name), path, text });
	}

	#reportLeftOut(path: string, { kind, codec, reason }: LeftOut): void {
		const why = reason === "unsupported" ? "has no place in this format" : "cannot be read";
		this.#host.log.warn("record-left-out", {
			stream: String(this.request.name),
			path,
			text: `${codec} (${kind}) ${why}.`,
		});
	}

	#reportRefused(path: string, text: string): void {
		this.#host.log.warn("record-next-file", { stream: String(this.request.name), path, text });
	}

	#startStatus(): NetStatus {
		const { name } = this.request.name;
		return netStatus("NetStream.Record.Start", `Recording ${name}.`, { details: name });
	}

	#tell(status: NetStatus): void {
		for (const listener of [...this.#listeners]) listener(status);
	}
}
