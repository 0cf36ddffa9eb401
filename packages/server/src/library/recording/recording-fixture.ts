import { dirname } from "node:path";
import { FlvDemuxer, MEDIA_AUDIO, MEDIA_DATA, type MediaMessage, metadataOf, parseData } from "@millrace/core/flv";
import { StreamName } from "../../app/index.ts";
import { HubFixture } from "../../hub/hub-fixture.ts";
import type { LiveStreamOptions } from "../../hub/index.ts";
import { createEventLog, type LogRecord } from "../../log/index.ts";
import type { FileFacts, RecordingFileHandle, RecordingFileSystem } from "./file-system.ts";
import type { RecordSettings } from "./record-settings.ts";
import { Recorder } from "./recorder.ts";
import type { Recording } from "./recording.ts";
import type { FinishedFile } from "./recording-end.ts";

/** One change of a file, in the order in which the disk saw them. */
export type DiskChange = { readonly path: string; readonly position: number; readonly bytes: Uint8Array };

/** A disk in memory, whose faults the test chooses. */
export class MemoryFileSystem implements RecordingFileSystem {
	readonly files = new Map<string, { bytes: Uint8Array; modifiedAt: number }>();
	readonly folders = new Set<string>();
	readonly changes: DiskChange[] = [];
	/** Renames and removals: `a -> b`, `-a`. */
	readonly moves: string[] = [];
	/** New bytes that still fit on the disk. */
	room = Number.POSITIVE_INFINITY;
	/** What `freeBytes` says. */
	free = 1e12;
	/** The error code of the next call of that kind, and of all later ones. */
	readonly faults = new Map<"open" | "write" | "folder" | "writable" | "truncate" | "free", string>();
	/** Writes wait for it. */
	gate: Promise<void> | undefined;
	syncs = 0;
	opened = 0;
	now = 1_000_000;

	async open(path: string, how: "create" | "update"): Promise<RecordingFileHandle> {
		this.#check("open");
		const there = this.files.has(path);
		if (how === "create" && there) throw systemError("EEXIST");
		if (how === "update" && !there) throw systemError("ENOENT");
		if (!this.folders.has(dirname(path))) throw systemError("ENOENT");
		if (!there) this.files.set(path, { bytes: new Uint8Array(0), modifiedAt: this.now });
		this.opened++;
		// As an open file does, it stays the same under another name.
		const file = this.files.get(path)!;
		return {
			write: async (bytes, position) => {
				await this.gate;
				this.#check("write");
				const grown = Math.max(0, position + bytes.length - file.bytes.length);
				const fitting = bytes.length - Math.max(0, grown - this.room);
				if (fitting <= 0) throw systemError("ENOSPC");
				const end = position + fitting;
				this.room -= Math.max(0, end - file.bytes.length);
				if (end > file.bytes.length) {
					const larger = new Uint8Array(end);
					larger.set(file.bytes);
					file.bytes = larger;
				}
				file.bytes.set(bytes.subarray(0, fitting), position);
				file.modifiedAt = this.now;
				this.changes.push({ path, position, bytes: bytes.slice(0, fitting) });
				return fitting;
			},
			read: async (into, position) => {
				const part = file.bytes.subarray(position, position + into.length);
				into.set(part);
				return part.length;
			},
			truncate: async size => {
				this.#check("truncate");
				file.bytes = file.bytes.slice(0, size);
			},
			sync: async () => {
				this.syncs++;
			},
			close: async () => {
				this.opened--;
			},
		};
	}

	async stat(path: string): Promise<FileFacts | undefined> {
		if (this.folders.has(path)) return { size: 0, modifiedAt: 0, isFile: false };
		const file = this.files.get(path);
		return file && { size: file.bytes.length, modifiedAt: file.modifiedAt, isFile: true };
	}

	async rename(from: string, to: string): Promise<void> {
		this.moves.push(`${from} -> ${to}`);
		this.files.set(to, this.files.get(from)!);
		this.files.delete(from);
	}

	async remove(path: string): Promise<void> {
		if (this.files.delete(path)) this.moves.push(`-${path}`);
	}

	async makeFolder(path: string): Promise<void> {
		this.#check("folder");
		this.folders.add(path);
	}

	async checkWritable(): Promise<void> {
		this.#check("writable");
	}

	async freeBytes(): Promise<number> {
		this.#check("free");
		return this.free;
	}

	#check(call: Parameters<MemoryFileSystem["faults"]["get"]>[0]): void {
		const code = this.faults.get(call);
		if (code !== undefined) throw systemError(code);
	}
}

/** Settings for tests; each test names those that it is about. */
export function recordSettings(over: Partial<RecordSettings> = {}): RecordSettings {
	return {
		mode: "publisher",
		anonymous: false,
		streams: ["*"],
		existing: "append",
		replaced: "remove",
		format: "flv",
		name: "{app}/streams/{instance}/{stream}",
		segmentMillis: 0,
		segmentBytes: 0,
		maxMillis: 0,
		maxBytes: 0,
		freeBytes: 1000,
		flushMillis: 500,
		flushBytes: 256 * 1024,
		metadataMillis: 10_000,
		queueBytes: 1024 * 1024,
		sync: true,
		...over,
	};
}

export const CAM = "/media/live/streams/_definst_/cam.flv";

/** A hub with one stream, `live/cam`, and a recorder on a disk in memory. */
export class RecordingFixture {
	readonly disk = new MemoryFileSystem();
	readonly hub: HubFixture;
	readonly log: LogRecord[] = [];
	readonly finished: FinishedFile[] = [];
	readonly statuses: string[] = [];
	readonly recorder: Recorder;
	readonly name = new StreamName("live", "_definst_", "cam");

	constructor(options: Partial<LiveStreamOptions> = {}) {
		this.hub = new HubFixture(options);
		this.recorder = new Recorder({
			folder: "/media",
			clock: this.hub.clock,
			fs: this.disk,
			platform: "linux",
			wallClock: () => this.disk.now,
			log: createEventLog({ sink: { write: record => this.log.push(record), flush: () => {} }, perSecond: 1000 }).log,
			onFileFinished: (_, file) => this.finished.push(file),
		});
	}

	/** Begins a recording, whose statuses go to `statuses` without their common start. */
	record(over: Partial<RecordSettings> = {}, mode: "record" | "append" | "appendWithGap" = "record"): Recording {
		const { name } = this;
		const request = { name, live: this.hub.live, mode, origin: "publisher", settings: recordSettings(over) } as const;
		return this.recorder.begin(request, this.onStatus);
	}

	readonly onStatus = ({ code }: { code: string }): void => {
		this.statuses.push(code.replace("NetStream.Record.", ""));
	};

	/** Lets the disk do what it has been given. */
	async settle(): Promise<void> {
		for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
	}

	/** Lets time pass, for the stream and for the disk. */
	async pass(millis: number): Promise<void> {
		for (let rest = millis; rest > 0; rest -= 100) {
			this.hub.clock.advance(Math.min(rest, 100));
			this.disk.now += Math.min(rest, 100);
			await this.settle();
		}
	}

	/** A file's messages, as `K3@0`. */
	read(path = CAM): string[] {
		return readFlv(this.disk.files.get(path)!.bytes).map(nameOf);
	}

	/** The members of a file's first `onMetaData`. */
	metadata(path = CAM): Record<string, unknown> {
		return metadataIn(this.disk.files.get(path)!.bytes);
	}
}

/** All whole tags but the first, which is the metadata. */
export function readFlv(bytes: Uint8Array): MediaMessage[] {
	const messages: MediaMessage[] = [];
	new FlvDemuxer({ onTag: message => messages.push(message) }).push(bytes);
	return messages.slice(1);
}

/** The members of the first tag, an `onMetaData`. */
export function metadataIn(bytes: Uint8Array): Record<string, unknown> {
	const messages: MediaMessage[] = [];
	new FlvDemuxer({ onTag: message => messages.push(message) }).push(bytes);
	const members = metadataOf(parseData(messages[0]!.payload, MEDIA_DATA));
	if (members === undefined) throw new Error("The file has no metadata.");
	return { ...members };
}

/** As the hub's fixture names messages: the kind and the number in the payload. */
export function nameOf({ type, payload, timestamp, isConfiguration, isKeyframe }: MediaMessage): string {
	if (type === MEDIA_DATA) return `${parseData(payload, type).handler}@${timestamp}`;
	const id = (payload.at(-2)! << 8) | payload.at(-1)!;
	const letter = type === MEDIA_AUDIO ? (isConfiguration ? "a" : "A") : isConfiguration ? "v" : isKeyframe ? "K" : "P";
	return `${letter}${id}@${timestamp}`;
}

function systemError(code: string): Error {
	return Object.assign(new Error(code), { code });
}
