import type { PublishRequest } from "@millrace/core/rtmp";
import { type HostFolders, placeOf, StreamName } from "../../app/index.ts";
import type { HubClock, LiveStream } from "../../hub/index.ts";
import type { EventLog } from "../../log/index.ts";
import type { GrowingFile } from "../growing-file.ts";
import { nodeFileSystem, type RecordingFileSystem } from "./file-system.ts";
import {
	appendFlv,
	appendMp4,
	createRecording,
	type OpenRecording,
	type RecordingMode,
	type RecordingStart,
} from "./open-recording.ts";
import type { RecordSettings } from "./record-settings.ts";
import { Recording, type RecordingHost, type RecordingOrigin, type RecordStatusListener } from "./recording.ts";
import { type FinishedFile, isFault, type RecordingEnd, statusOfEnd } from "./recording-end.ts";
import { type RecordingFormatName, recordingPath } from "./recording-name.ts";
import { type RemovalResult, removeRecording } from "./remove-recording.ts";
import { matchesPattern } from "./stream-pattern.ts";

export type RecorderOptions = {
	/** The folder of all applications, absolute. */
	readonly folder: string;
	/** The same of virtual hosts. Default: there are none. */
	readonly hostFolders?: HostFolders | undefined;
	readonly clock: HubClock;
	readonly log: EventLog;
	/** Milliseconds since 1970. Default the platform's. */
	readonly wallClock?: () => number;
	/** Default the real one. */
	readonly fs?: RecordingFileSystem;
	/** As `process.platform`, which is the default. */
	readonly platform?: string;
	/** Called for each file that is finished, with the stream that it is of. */
	readonly onFileFinished?: (name: StreamName, file: FinishedFile) => void;
};

/** What is to be recorded, and how. */
export type RecordRequest = {
	readonly name: StreamName;
	readonly live: LiveStream;
	readonly mode: RecordingMode;
	readonly origin: RecordingOrigin;
	readonly settings: RecordSettings;
	/** `flv`, `mp4` or another prefix of the stream's name: it decides the format. Default: that of the settings. */
	readonly prefix?: string;
};

/** A publisher that has just been let in. */
export type RecordedPublisher = {
	readonly name: StreamName;
	readonly live: LiveStream;
	/** What `publish` asked for. */
	readonly type: PublishRequest["mode"];
	/** `flv`, `mp4` or another prefix of the name, or empty. */
	readonly prefix: string;
	/** Let in by a key or an address, not because everybody is. */
	readonly isTrusted: boolean;
};

/** All recordings of a server: starts them, keeps two from writing one file, and finishes all when the server stops. */
export class Recorder {
	readonly #options: Required<Omit<RecorderOptions, "onFileFinished" | "hostFolders">> &
		Pick<RecorderOptions, "onFileFinished" | "hostFolders">;
	readonly #recordings = new Set<Recording>();
	/** Who writes which file. */
	readonly #claims = new Map<string, Recording>();
	/** The last files that were finished, and how many bytes they have. */
	readonly #finished = new Map<string, number>();
	readonly #host: RecordingHost;
	#isStopped = false;

	constructor(options: RecorderOptions) {
		this.#options = { wallClock: Date.now, fs: nodeFileSystem, platform: process.platform, ...options };
		const { fs, clock, log } = this.#options;
		this.#host = {
			fs,
			clock,
			log,
			path: (recording, n) => this.#path(recording, n),
			claim: (path, recording) => this.#claim(path, recording),
			whenReleased: path => this.#whenReleased(path),
			release: path => void this.#claims.delete(this.#key(path)),
			open: (path, recording, start) => this.#open(path, recording, start),
			onFileFinished: (recording, file) => this.#onFileFinished(recording, file),
			onEnded: (recording, end) => this.#onEnded(recording, end),
		};
	}

	/** Recordings that have not ended. */
	recordings(): IterableIterator<Recording> {
		return this.#recordings.values();
	}

	/** The file at a path that is being recorded now; `undefined`: that file does not grow. */
	growing(path: string): GrowingFile | undefined {
		const file = this.#claims.get(this.#key(path))?.fileAt(path);
		return file?.isFinished === false ? file : undefined;
	}

	/** Whether the file at a path was finished here, and had so many bytes then; what is long past may be forgotten. */
	isFinished(path: string, bytes: number): boolean {
		return this.#finished.get(this.#key(path)) === bytes;
	}

	/**
	 * Begins what the settings and the publisher want; to be called in the same turn in which it was let in, so that no
	 * message is missed. A publisher that comes back within the grace time goes on with its recording.
	 *
	 * @param onStatus takes what the publisher is told where it asked for a recording
	 */
	onPublish(
		publisher: RecordedPublisher,
		settings: RecordSettings,
		onStatus: RecordStatusListener,
	): Recording | undefined {
		const { type, name } = publisher;
		const facts = { ...publisher, settings };
		const mode = type === "record" || type === "append" || type === "appendWithGap" ? type : undefined;
		const isAllowed = settings.mode !== "off" && (publisher.isTrusted || settings.anonymous);
		if (mode !== undefined && isAllowed) return this.begin({ ...facts, mode, origin: "publisher" }, onStatus);
		if (settings.mode === "always" && settings.streams.some(pattern => matchesPattern(name.name, pattern))) {
			const existing = settings.existing === "replace" ? "record" : settings.existing;
			return this.begin({ ...facts, mode: existing, origin: "configuration" }, mode && onStatus);
		}
		if (mode !== undefined) queueMicrotask(() => onStatus(statusOfEnd("no-access", undefined, name.name)));
		return undefined;
	}

	/**
	 * Begins a recording. Whether it may begin is told by its statuses. A publisher, or the configuration, that asks for
	 * a stream again that is recorded already gets the recording that is under way.
	 */
	begin(request: RecordRequest, onStatus?: RecordStatusListener): Recording {
		const recording = this.#current(request) ?? this.#start(request);
		if (onStatus !== undefined) recording.listen(onStatus);
		return recording;
	}

	/**
	 * Deletes what was recorded under a name, with all its segments; not where the configured name holds a date or a time
	 * of day, for nobody knows those any more.
	 *
	 * @throws the system's errors
	 */
	remove(request: Pick<RecordRequest, "name" | "prefix" | "settings">): Promise<RemovalResult> {
		const format = formatOf(request);
		const path = (n: number) => this.#pathOf(request.name, format, n, request.settings);
		return removeRecording(this.#options.fs, path, each => this.#claims.has(this.#key(each)));
	}

	/**
	 * Ends all recordings. The hub is stopped before, which hands on what it has gathered. Resolves when their files are
	 * finished, or after `timeoutMillis` where a disk hangs.
	 */
	async stop(timeoutMillis = STOP_MILLIS): Promise<void> {
		this.#isStopped = true;
		const ended = Promise.all([...this.#recordings].map(recording => recording.stop("server-stopping")));
		let cancel = (): void => {};
		const isLate = new Promise<"late">(resolve => {
			cancel = this.#options.clock.schedule(timeoutMillis, () => resolve("late"));
		});
		if ((await Promise.race([ended, isLate])) === "late") {
			for (const { request, file } of this.#recordings) {
				const text = "The disk does not answer: the file was left as it is.";
				this.#options.log.error("record-end", { stream: String(request.name), path: file?.path, text });
			}
		}
		cancel();
	}

	#current({ live, origin }: RecordRequest): Recording | undefined {
		if (origin === "command") return undefined;
		for (const recording of this.#recordings) {
			const isSame = recording.request.live === live && recording.request.origin !== "command";
			if (isSame && !recording.isEnding) return recording;
		}
		return undefined;
	}

	#start(request: RecordRequest): Recording {
		const recording = new Recording(this.#host, { ...request, format: formatOf(request) });
		this.#recordings.add(recording);
		if (this.#isStopped) void recording.stop("server-stopping");
		return recording;
	}

	#path({ request }: Recording, n: number): string | undefined {
		return this.#pathOf(request.name, request.format, n, request.settings);
	}

	#pathOf(stream: StreamName, format: RecordingFormatName, n: number, settings: RecordSettings): string | undefined {
		const { folder, hostFolders, platform, wallClock } = this.#options;
		const date = new Date(wallClock());
		const { root, name } = placeOf(stream.application, folder, hostFolders);
		const own = name === stream.application ? stream : new StreamName(name, stream.instance, stream.name);
		return recordingPath(own, format, n, date, { folder: root, platform, template: settings.name });
	}

	#claim(path: string, recording: Recording): boolean {
		const key = this.#key(path);
		if (this.#claims.has(key)) return false;
		this.#claims.set(key, recording);
		return true;
	}

	async #whenReleased(path: string): Promise<void> {
		for (;;) {
			const holder = this.#claims.get(this.#key(path));
			if (holder?.isEnding !== true) return;
			await holder.ended;
		}
	}

	/** Some systems take names for the same that differ in case or in how letters are composed. */
	#key(path: string): string {
		const { platform } = this.#options;
		return platform === "win32" || platform === "darwin" ? path.normalize("NFC").toLowerCase() : path;
	}

	#open(path: string, { request }: Recording, start: RecordingStart): Promise<OpenRecording> {
		const { fs, wallClock } = this.#options;
		const { mode, format, settings } = request;
		if (mode === "record") return createRecording(fs, path, format, start, settings.replaced);
		return (format === "flv" ? appendFlv : appendMp4)(fs, path, start, mode, wallClock());
	}

	#onFileFinished({ request }: Recording, file: FinishedFile): void {
		const { path, bytes, durationMillis, reason } = file;
		const seconds = Math.round(durationMillis / 100) / 10;
		this.#remember(path, bytes);
		this.#options.log.info("recorded", { stream: String(request.name), path, seconds, bytes, reason });
		this.#options.onFileFinished?.(request.name, file);
	}

	#remember(path: string, bytes: number): void {
		const key = this.#key(path);
		// The latest stands last.
		this.#finished.delete(key);
		this.#finished.set(key, bytes);
		if (this.#finished.size <= MAX_REMEMBERED) return;
		const [oldest] = this.#finished.keys();
		this.#finished.delete(oldest!);
	}

	#onEnded(recording: Recording, { reason, error, files }: RecordingEnd): void {
		this.#recordings.delete(recording);
		const stream = String(recording.request.name);
		if (isFault(reason)) this.#options.log.error("record-end", { stream, reason, error });
		else if (files.length === 0)
			this.#options.log.info("record-end", { stream, reason, text: "Nothing was recorded." });
	}
}

/** Finished files that are remembered: those of the last seconds matter. */
const MAX_REMEMBERED = 1024;
/** How long the disk may take to finish files when the server stops, in milliseconds. */
const STOP_MILLIS = 10_000;

function formatOf({ prefix, settings }: Pick<RecordRequest, "prefix" | "settings">): RecordingFormatName {
	return prefix === "flv" || prefix === "mp4" ? prefix : settings.format;
}
