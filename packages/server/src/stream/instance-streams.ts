import type { AmfObject, AmfValue } from "@millrace/core/amf";
import { UsageError } from "@millrace/core/fault";
import type { ClientQuestion, InstanceMedia, PortQuestion, StreamAction } from "../app/index.ts";
import type { ApplicationStream } from "./application-stream.ts";
import type { ApplicationStreams } from "./application-streams.ts";

export type InstanceStreamsOptions = {
	readonly streams: ApplicationStreams;
	/** The figures of a live stream; `undefined`: it is not live. */
	stats(name: string): object | undefined;
	/** An action failed that has no status of its own. */
	onFault(text: string, error?: unknown): void;
};

/** What an application does with streams, as its port brings it: names and arguments that it may have made up. */
export class InstanceStreams implements InstanceMedia {
	readonly #options: InstanceStreamsOptions;

	constructor(options: InstanceStreamsOptions) {
		this.#options = options;
	}

	act(name: string, action: StreamAction, args: readonly AmfValue[]): void {
		const { streams, onFault } = this.#options;
		const report = (error: unknown) => onFault(`${action} of the stream ${name}`, error);
		if (action === "close") {
			streams.destroy(name).catch(report);
			return;
		}
		const stream = streams.get(name);
		if (stream === undefined) {
			onFault(`The stream ${name} cannot be had: its name is none, or there are too many.`);
			return;
		}
		try {
			act(stream, action, args)?.catch(report);
		} catch (error) {
			if (!(error instanceof UsageError)) throw error;
			report(error);
		}
	}

	async answer(question: Exclude<PortQuestion, ClientQuestion>, [name]: readonly AmfValue[]): Promise<AmfValue> {
		const { streams, stats } = this.#options;
		switch (question) {
			case "streams":
				return streams.live() as unknown as AmfValue;
			case "files":
				return (await streams.recorded()) as unknown as AmfValue;
			case "stream-length":
				return streams.length(String(name));
			case "stream-size":
				return streams.size(String(name));
			case "stream-time":
				return streams.time(String(name));
			case "stream-metadata":
				return streams.metadata(String(name));
			case "stream-stats": {
				const found = stats(String(name));
				if (found === undefined) throw new Error(`${String(name)} is not live.`);
				return found as AmfObject;
			}
		}
	}

	close(): void {
		const { streams, onFault } = this.#options;
		streams.close().catch((error: unknown) => onFault("The instance's streams could not be ended.", error));
	}
}

/** Throws a `UsageError` for what cannot be sent. */
function act(
	stream: ApplicationStream,
	action: Exclude<StreamAction, "close">,
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

function playOptions(value: AmfValue): {
	start?: number;
	length?: number;
	reset?: boolean | number;
	application?: string;
	instance?: string;
} {
	if (typeof value !== "object" || value === null) return {};
	const { start, length, reset, application, instance } = value as AmfObject;
	return {
		...(typeof start === "number" && { start }),
		...(typeof length === "number" && { length }),
		...((typeof reset === "boolean" || typeof reset === "number") && { reset }),
		...(typeof application === "string" && { application }),
		...(typeof instance === "string" && { instance }),
	};
}
