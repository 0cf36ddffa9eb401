import { writeFileSync } from "node:fs";
import { NetConnection, NetStatusEvent, NetStream, publishMedia, readFlvFile } from "@millrace/client";
import type { MediaMessage } from "@millrace/core/flv";
import type { NetStatus, PublishMode } from "@millrace/core/rtmp";
import { buildFlvFile } from "@millrace/testkit";

/** What a stream was sent, in the order in which it came. */
export type ClientEvent =
	| { readonly kind: "status"; readonly code: string; readonly info: NetStatus }
	| { readonly kind: "media"; readonly message: MediaMessage };

/** Our client with one stream; it notes what comes. */
export class FileClient implements AsyncDisposable {
	readonly connection: NetConnection;
	readonly stream: NetStream;
	/** Statuses of the stream, also those of `onPlayStatus`, and audio and video, oldest first. */
	readonly events: ClientEvent[] = [];
	readonly #waiting = new Set<() => void>();

	private constructor(connection: NetConnection) {
		this.connection = connection;
		this.stream = new NetStream(connection);
		const note = (info: NetStatus) => this.#add({ kind: "status", code: info.code, info });
		this.stream.addEventListener(NetStatusEvent.NET_STATUS, event => note(event.info));
		this.stream.client = { onPlayStatus: note, onMetaData() {} };
		this.stream.onMedia = message => {
			if (message.isAudio || message.isVideo) this.#add({ kind: "media", message });
		};
	}

	/** Connects to an application, `rtmp://host/live`. */
	static async connect(url: string): Promise<FileClient> {
		const connection = new NetConnection();
		await connection.connectAsync(url);
		return new FileClient(connection);
	}

	/** Statuses that came from the server, from an event on: not those of the client's own buffer. */
	codes(from = 0): string[] {
		return this.events.slice(from).flatMap(event => {
			if (event.kind === "media" || event.code.startsWith("NetStream.Buffer.")) return [];
			return [event.code];
		});
	}

	/** Coded frames, from an event on. */
	frames(from = 0): MediaMessage[] {
		return this.events.slice(from).flatMap(event => {
			if (event.kind !== "media" || event.message.isConfiguration || event.message.payload.length === 0) return [];
			return [event.message];
		});
	}

	/** The number of the first event from `from` on that matches, which may be to come. Throws when it does not come. */
	async waitFor(what: string, matches: (event: ClientEvent) => boolean, from = 0, millis = 15_000): Promise<number> {
		const deadline = Date.now() + millis;
		for (let at = from; ; ) {
			while (at < this.events.length) {
				if (matches(this.events[at]!)) return at;
				at++;
			}
			const left = deadline - Date.now();
			if (left <= 0) {
				const frames = this.frames(from).length;
				throw new Error(
					`${what} did not come in ${millis} ms, but ${this.codes(from).join(", ")} and ${frames} frames`,
				);
			}
			await new Promise<void>(resolve => {
				const wake = () => {
					clearTimeout(timer);
					this.#waiting.delete(wake);
					resolve();
				};
				const timer = setTimeout(wake, left);
				this.#waiting.add(wake);
			});
		}
	}

	/** Waits for a status. */
	waitForCode(code: string, from = 0, millis?: number): Promise<number> {
		return this.waitFor(code, event => event.kind === "status" && event.code === code, from, millis);
	}

	/** Writes all messages that came as an FLV file, for readers that are not ours. */
	save(path: string): string {
		const media = this.events.flatMap(event => (event.kind === "media" ? [event.message] : []));
		writeFileSync(path, flvOf(media));
		return path;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.stream.close();
		this.connection.close();
	}

	#add(event: ClientEvent): void {
		this.events.push(event);
		for (const wake of [...this.#waiting]) wake();
	}
}

/** An FLV file of messages, not written with the code under test. */
export function flvOf(media: readonly MediaMessage[]): Buffer {
	return buildFlvFile(
		media.flatMap(({ type, timestamp, payload }) =>
			type === 8 || type === 9 ? [{ type, timestamp, body: payload }] : [],
		),
	);
}

/** Plays a whole recorded stream by our client, as fast as it is sent, and writes what came as an FLV file. */
export async function playWhole(app: string, name: string, path: string): Promise<FileClient> {
	await using client = await FileClient.connect(app);
	client.stream.bufferTime = 36_000;
	await client.stream.playAsync(name, 0);
	await client.waitForCode("NetStream.Play.Stop", 0, 30_000);
	client.save(path);
	return client;
}

/** A file that is being published by our client. */
export type FilePublishing = {
	readonly client: FileClient;
	/** Time of the newest message that was sent, in milliseconds; −1 before the first. */
	readonly sentMillis: () => number;
	/** Resolves when the file is over; the stream still publishes then. Rejects when publishing ends before. */
	readonly done: Promise<unknown>;
	/** Stops publishing, and closes the connection once the server has said so. */
	stop(): Promise<void>;
};

/** Publishes a file in time, or `speed` times as fast. */
export async function publishFile(
	app: string,
	name: string,
	file: string,
	options: { readonly type?: PublishMode; readonly speed?: number; readonly loop?: boolean } = {},
): Promise<FilePublishing> {
	const { type = "live", speed = 1, loop = false } = options;
	const client = await FileClient.connect(app);
	await client.stream.publishAsync(name, type);
	let read = -1;
	let sent = -1;
	const source = async function* () {
		for await (const message of readFlvFile(file)) {
			// It is asked for the next message when this one has been sent.
			sent = read;
			read = message.timestamp;
			yield message;
		}
		sent = read;
	};
	const done = publishMedia(client.stream, source, { speed, loop });
	// Whoever waits for it hears of a failure; a publisher whose server is killed has nobody who waits.
	done.catch(() => {});
	return {
		client,
		sentMillis: () => sent,
		done,
		async stop() {
			const from = client.events.length;
			client.stream.publish(false);
			await client.waitForCode("NetStream.Unpublish.Success", from);
			await client[Symbol.asyncDispose]();
		},
	};
}
