import type { AmfObject, AmfValue } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import type { NetStatus } from "@millrace/core/rtmp";
import type { ClientQuestion, InstanceMedia, PortQuestion, StreamAction } from "../app/index.ts";
import type { GatherWindow } from "../hub/index.ts";
import type { ApplicationStream } from "./application-stream.ts";
import type { ApplicationStreams } from "./application-streams.ts";
import { DEFAULT_MAX_WAIT_MILLIS, type RemoteOptions } from "./remote-server.ts";
import { MAX_BUFFER_SECONDS, MAX_GATHER_MILLIS, MAX_PUSHES } from "./stream-context.ts";
import type { StreamPush } from "./stream-push.ts";

export type InstanceStreamsOptions = {
	readonly streams: ApplicationStreams;
	/** The figures of a live stream; `undefined`: it is not live. */
	stats(name: string): object | undefined;
	/** Told what becomes of a stream's publication on another server, by the number that the application gave it. */
	onPushStatus(stream: string, push: number, status: NetStatus): void;
	/** An action failed that has no status of its own. */
	onFault(text: string, error?: unknown): void;
};

/** What an application does with streams, as its port brings it: names and arguments that it may have made up. */
export class InstanceStreams implements InstanceMedia {
	readonly #options: InstanceStreamsOptions;
	readonly #pushes = new Map<number, { readonly stream: ApplicationStream; readonly push: StreamPush }>();

	constructor(options: InstanceStreamsOptions) {
		this.#options = options;
	}

	act(name: string, action: StreamAction, args: readonly AmfValue[]): void {
		const { streams, onFault } = this.#options;
		const report = (error: unknown) => onFault(`${action} of the stream ${name}`, error);
		if (action === "end-push") {
			this.#endPush(Number(args[0]));
			return;
		}
		if (action === "close") {
			for (const [id, { stream }] of this.#pushes) if (stream.name === name) this.#pushes.delete(id);
			streams.destroy(name).catch(report);
			return;
		}
		const stream = streams.get(name);
		if (stream === undefined) {
			onFault(`The stream ${name} cannot be had: its name is none, or there are too many.`);
			return;
		}
		try {
			if (action === "push") this.#push(stream, args);
			else if (action === "push-send" || action === "push-buffer") this.#actOnPush(action, args);
			else act(stream, action, args)?.catch(report);
		} catch (error) {
			// What cannot be sent, or is too large.
			if (!(error instanceof MillraceError)) throw error;
			report(error);
		}
	}

	async answer(question: Exclude<PortQuestion, ClientQuestion>, args: readonly AmfValue[]): Promise<AmfValue> {
		const { streams, stats } = this.#options;
		const [name, more, last] = args;
		const virtualKey = keyOf(question === "add-directory" ? last : more);
		switch (question) {
			case "streams":
				return streams.live() as unknown as AmfValue;
			case "files":
				return (await streams.recorded()) as unknown as AmfValue;
			case "stream-length":
				return streams.length(String(name), virtualKey);
			case "stream-size":
				return streams.size(String(name), virtualKey);
			case "add-directory":
				return streams.addDirectory(String(name), String(more), virtualKey);
			case "stream-time":
				return streams.time(String(name));
			case "stream-metadata":
				return streams.metadata(String(name), virtualKey);
			case "stream-stats": {
				const found = stats(String(name));
				if (found === undefined) throw new Error(`${String(name)} is not live.`);
				return found as AmfObject;
			}
		}
	}

	#push(stream: ApplicationStream, [id, address, name, options]: readonly AmfValue[]): void {
		const number = Number(id);
		const { onPushStatus, onFault } = this.#options;
		if (this.#pushes.size >= MAX_PUSHES || this.#pushes.has(number)) {
			onFault(`The stream ${stream.name} cannot be published elsewhere: there are ${this.#pushes.size} such streams.`);
			return;
		}
		const { mode, fcPublish } = asObject(options);
		const target = {
			...remoteOptions(address, options),
			name: String(name),
			mode: PUBLISH_MODES.find(known => known === mode) ?? "live",
			fcPublish: fcPublish !== false,
		};
		const push = stream.publishTo(target, status => onPushStatus(stream.name, number, status));
		if (push !== undefined) this.#pushes.set(number, { stream, push });
	}

	/** One that was refused has told so. */
	#actOnPush(action: "push-send" | "push-buffer", [id, first, ...rest]: readonly AmfValue[]): void {
		const push = this.#pushes.get(Number(id))?.push;
		if (action === "push-buffer") push?.setBufferTime(secondsOf(first));
		else push?.send(String(first), rest);
	}

	#endPush(id: number): void {
		const found = this.#pushes.get(id);
		this.#pushes.delete(id);
		found?.stream.closePush(found.push);
	}

	close(): void {
		this.#pushes.clear();
		const { streams, onFault } = this.#options;
		streams.close().catch((error: unknown) => onFault("The instance's streams could not be ended.", error));
	}
}

/** Throws a `UsageError` or a `LimitError` for what cannot be sent. */
function act(
	stream: ApplicationStream,
	action: Exclude<StreamAction, "close" | "push" | "end-push" | "push-send" | "push-buffer">,
	[first, ...rest]: readonly AmfValue[],
): Promise<unknown> | undefined {
	switch (action) {
		case "play":
			if (first === false) stream.stop();
			else stream.play({ name: String(first), ...playOptions(rest[0]) });
			return;
		case "record":
			if (first === false) stream.stopRecording();
			else
				stream.record({
					mode: first === "append" || first === "appendWithGap" ? first : "record",
					...limitsOf(rest[0]),
				});
			return;
		case "flush":
			stream.flush();
			return;
		case "receive":
			stream.setReceive(first !== false, rest[0] !== false);
			return;
		case "send":
			stream.send(String(first), rest);
			return;
		case "gather":
			stream.setGather(gatherOf(first));
			return;
		case "buffer-time":
			stream.setBufferTime(Number(first));
			return;
		case "clear":
			return stream.clear();
	}
}

function limitsOf(value: AmfValue): { maxSeconds?: number; maxKilobytes?: number; syncWrite?: boolean } {
	if (typeof value !== "object" || value === null) return {};
	const { maxSeconds, maxKilobytes, syncWrite } = value as AmfObject;
	return {
		...(typeof maxSeconds === "number" && { maxSeconds }),
		...(typeof maxKilobytes === "number" && { maxKilobytes }),
		...(typeof syncWrite === "boolean" && { syncWrite }),
	};
}

function gatherOf(value: AmfValue): GatherWindow {
	const { maxMillis, maxBytes } = asObject(value);
	return {
		...(isAmount(maxMillis) && { maxMillis: Math.min(maxMillis, MAX_GATHER_MILLIS) }),
		...(isAmount(maxBytes) && { maxBytes }),
	};
}

/** As a time to be sent ahead, or to wait. */
function secondsOf(value: AmfValue): number {
	return isAmount(value) ? Math.min(value, MAX_BUFFER_SECONDS) : 0;
}

function isAmount(value: AmfValue): value is number {
	return typeof value === "number" && value >= 0;
}

function playOptions(value: AmfValue): {
	start?: number;
	length?: number;
	reset?: boolean | number;
	application?: string;
	instance?: string;
	from?: RemoteOptions;
	virtualKey?: string;
} {
	if (typeof value !== "object" || value === null) return {};
	const { start, length, reset, application, instance, from, virtualKey } = value as AmfObject;
	return {
		...(typeof start === "number" && { start }),
		...(typeof length === "number" && { length }),
		...((typeof reset === "boolean" || typeof reset === "number") && { reset }),
		...(typeof application === "string" && { application }),
		...(typeof instance === "string" && { instance }),
		...(typeof from === "string" && { from: remoteOptions(from, value) }),
		...(typeof virtualKey === "string" && { virtualKey }),
	};
}

/** A virtual key; empty: none. */
function keyOf(value: AmfValue): string {
	return typeof value === "string" ? value : "";
}

const PUBLISH_MODES = ["live", "record", "append", "appendWithGap"] as const;

function remoteOptions(address: AmfValue, options: AmfValue): RemoteOptions {
	const { args, properties, maxWaitMillis } = asObject(options);
	return {
		address: String(address),
		args: Array.isArray(args) ? args : [],
		properties: asObject(properties),
		maxWaitMillis: typeof maxWaitMillis === "number" && maxWaitMillis > 0 ? maxWaitMillis : DEFAULT_MAX_WAIT_MILLIS,
	};
}

function asObject(value: AmfValue): AmfObject {
	return typeof value === "object" && value !== null ? (value as AmfObject) : {};
}
