import {
	type FlvContinuation,
	FlvFileSink,
	type FlvResumePoint,
	type FlvSink,
	findResumePoint,
	NetStatusError,
	NetStream,
	playToFlv,
	resumeSeconds,
} from "@millrace/client";
import { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { playMedia } from "./first-media.ts";
import { showProgress } from "./progress-line.ts";
import {
	type ConnectFlags,
	EXIT,
	fail,
	parseSeconds,
	type StreamWork,
	VERBOSE_FLAG,
	withStream,
} from "./stream-command.ts";

type RecordFlags = ConnectFlags & {
	readonly start?: number;
	readonly stop?: number;
	readonly duration?: number;
	readonly wait: number;
	readonly resume?: true;
	readonly live?: true;
};

/** What a server is told that is buffered here, in seconds, so that it sends a recorded stream as fast as it can. */
const FULL_SPEED_BUFFER_SECONDS = 36_000;

/** `millrace record`: plays a stream of a server into an FLV file. */
export function recordCommand(context: CliContext): Command {
	return new Command("record")
		.description("play a stream from a server into an FLV file; a recorded one at full speed")
		.argument("<url>", "rtmp://host/application/name")
		.argument("<file>", "FLV file, which is replaced; - is standard output")
		.option("--resume", "go on with a file that was broken off")
		.option("--start <seconds>", "begin at this time of a recorded stream", parseSeconds)
		.option("--stop <seconds>", "end at this time of a recorded stream", parseSeconds)
		.option("--duration <seconds>", "end after this time of the stream (default: at its end, or Ctrl+C)", parseSeconds)
		.option("--live", "the live stream is meant, not a recording of that name")
		.option("--wait <seconds>", "how long to wait for the stream to begin", parseSeconds, 10)
		.option(...VERBOSE_FLAG)
		.action(async (url: string, file: string, flags: RecordFlags) => {
			checkFlags(context, file, flags);
			const point = flags.resume ? await resumePoint(context, file) : undefined;
			await withStream(context, url, "player", flags, work => record(context, file, flags, point, work));
		});
}

function checkFlags(context: CliContext, file: string, { resume, start, stop, live }: RecordFlags): void {
	if (resume && file === "-") fail(context, EXIT.usage, "Standard output cannot be gone on with (--resume).");
	if (live && (start !== undefined || stop !== undefined)) {
		fail(context, EXIT.usage, "A live stream has no --start and no --stop; there is --duration.");
	}
	if (stop !== undefined && stop <= (start ?? 0)) fail(context, EXIT.usage, "--stop is to be behind --start.");
}

async function resumePoint(context: CliContext, file: string): Promise<FlvResumePoint | undefined> {
	try {
		return await findResumePoint(file);
	} catch (error) {
		return fail(context, EXIT.usage, `${file} cannot be gone on with: ${(error as Error).message}`);
	}
}

async function record(
	context: CliContext,
	file: string,
	flags: RecordFlags,
	point: FlvResumePoint | undefined,
	work: StreamWork,
): Promise<void> {
	const { stream, abort } = work;
	const continuation = point === undefined ? undefined : await continuationOf(flags, point, work);
	const start = continuation?.kind === "recorded" ? resumeSeconds(continuation) : flags.live ? -1 : flags.start;
	const limit = Math.min(flags.duration ?? Infinity, (flags.stop ?? Infinity) - (flags.start ?? 0));
	let written = { bytes: 0, millis: 0 };
	if (continuation !== undefined) {
		const { endMillis, wholeBytes } = continuation.point;
		if (endMillis / 1000 >= limit) {
			context.stderr.write(`${file} is whole already.\n`);
			return;
		}
		written = { bytes: wholeBytes, millis: endMillis };
		context.stderr.write(`Going on with ${file} at ${(endMillis / 1000).toFixed(1)} s.\n`);
	}
	// A recorded stream comes faster than it plays, and perhaps faster than the disk takes it.
	const ask = { ...(start === undefined ? {} : { start }), whenFull: "wait" } as const;
	await playMedia(context, work, flags.wait, ask, async media => {
		// The buffer trick: a server sends ahead of a recorded stream as far as the player says that it buffers.
		if (!stream.info.isLive) stream.bufferTime = FULL_SPEED_BUFFER_SECONDS;
		const endProgress = showProgress(context, () => ({
			seconds: written.millis / 1000,
			bytes: written.bytes,
			bytesPerSecond: stream.info.currentBytesPerSecond,
			totalSeconds: Math.min(limit, durationOf(stream) - (flags.start ?? 0)),
		}));
		const sink = new LazySink(context, file, continuation);
		try {
			await playToFlv(media, file === "-" ? outputSink(context) : sink, {
				signal: abort.signal,
				...(continuation === undefined ? {} : { continuation }),
				...(Number.isFinite(limit) ? { durationMillis: limit * 1000 } : {}),
				onProgress: (bytes, millis) => {
					written = { bytes, millis };
				},
			});
		} finally {
			endProgress();
			await sink.close();
		}
	});
	const { droppedFrames } = stream.info;
	if (droppedFrames > 0) context.stderr.write(`${droppedFrames} messages were left out: the disk is too slow.\n`);
}

/** Whether the stream is recorded is asked of the server, unless it is said: it plays a recorded one from a time on. */
async function continuationOf(
	{ live, start = 0 }: RecordFlags,
	point: FlvResumePoint,
	{ connection, name }: StreamWork,
): Promise<FlvContinuation> {
	const recorded: FlvContinuation = { point, kind: "recorded", startMillis: start * 1000 };
	if (live) return { point, kind: "live" };
	const probe = new NetStream(connection);
	// What comes meanwhile is of no use, and nobody is missing.
	probe.onMedia = () => undefined;
	try {
		await probe.playAsync(name, resumeSeconds(recorded));
		return recorded;
	} catch (error) {
		if (!(error instanceof NetStatusError) || !error.code.startsWith("NetStream.Play.")) throw error;
		return { point, kind: "live" };
	} finally {
		probe.close();
	}
}

/** As the stream's metadata have it; infinite for a live stream and where they say nothing. */
function durationOf({ info }: NetStream): number {
	const { metaData } = info;
	const duration = typeof metaData === "object" && metaData !== null && "duration" in metaData && metaData.duration;
	return info.isLive || typeof duration !== "number" || !(duration > 0) ? Infinity : duration;
}

/** A file that is made, or cut, when there is something to write: a stream that never comes harms no old file. */
class LazySink implements FlvSink {
	readonly #context: CliContext;
	readonly #path: string;
	readonly #continuation: FlvContinuation | undefined;
	#file: FlvFileSink | undefined;

	constructor(context: CliContext, path: string, continuation: FlvContinuation | undefined) {
		this.#context = context;
		this.#path = path;
		this.#continuation = continuation;
	}

	async write(bytes: Uint8Array): Promise<void> {
		await this.#explained(async () => {
			this.#file ??= await this.#open();
			await this.#file.write(bytes);
		});
	}

	async patch(offset: number, bytes: Uint8Array): Promise<void> {
		await this.#explained(async () => this.#file?.patch(offset, bytes));
	}

	async close(): Promise<void> {
		await this.#explained(async () => this.#file?.close());
	}

	#open(): Promise<FlvFileSink> {
		const continuation = this.#continuation;
		if (continuation === undefined) return FlvFileSink.create(this.#path);
		const { point, kind } = continuation;
		return FlvFileSink.goOn(this.#path, kind === "recorded" ? point.cutBytes : point.wholeBytes);
	}

	async #explained(action: () => Promise<void>): Promise<void> {
		try {
			await action();
		} catch (error) {
			fail(this.#context, EXIT.usage, `${this.#path} cannot be written: ${(error as Error).message}`);
		}
	}
}

function outputSink({ stdout }: CliContext): FlvSink {
	return {
		// Whoever reads it may be slower than the server.
		write: bytes => new Promise<void>(resolve => stdout.write(bytes, () => resolve())),
	};
}
