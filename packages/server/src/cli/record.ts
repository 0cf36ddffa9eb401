import { FlvFileSink, type FlvSink, playToFlv } from "@millrace/client";
import { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { playMedia } from "./first-media.ts";
import { showProgress } from "./progress-line.ts";
import { EXIT, fail, parseSeconds, type StreamWork, withStream } from "./stream-command.ts";

type RecordFlags = { readonly duration?: number; readonly wait: number };

/** `millrace record`: plays a stream of a server into an FLV file. */
export function recordCommand(context: CliContext): Command {
	return new Command("record")
		.description("play a stream from a server into an FLV file")
		.argument("<url>", "rtmp://host/application/name")
		.argument("<file>", "FLV file, which is replaced; - is standard output")
		.option("--duration <seconds>", "end after this time of the stream (default: at its end, or Ctrl+C)", parseSeconds)
		.option("--wait <seconds>", "how long to wait for the stream to begin", parseSeconds, 10)
		.action((url: string, file: string, flags: RecordFlags) =>
			withStream(context, url, "player", work => record(context, file, flags, work)),
		);
}

async function record(context: CliContext, file: string, flags: RecordFlags, work: StreamWork): Promise<void> {
	const { stream, abort } = work;
	let written = { bytes: 0, millis: 0 };
	let sink: LazySink | undefined;
	await playMedia(context, work, flags.wait, async media => {
		const endProgress = showProgress(context, () => ({
			seconds: written.millis / 1000,
			bytes: written.bytes,
			bytesPerSecond: stream.info.currentBytesPerSecond,
		}));
		sink = new LazySink(context, file);
		try {
			await playToFlv(media, file === "-" ? outputSink(context) : sink, {
				signal: abort.signal,
				...(flags.duration === undefined ? {} : { durationMillis: flags.duration * 1000 }),
				onProgress: (bytes, millis) => {
					written = { bytes, millis };
				},
			});
		} finally {
			endProgress();
			await sink.close();
		}
	});
}

/** A file that is made when there is something to write: a stream that never comes replaces no old file. */
class LazySink implements FlvSink {
	readonly #context: CliContext;
	readonly #path: string;
	#file: FlvFileSink | undefined;

	constructor(context: CliContext, path: string) {
		this.#context = context;
		this.#path = path;
	}

	async write(bytes: Uint8Array): Promise<void> {
		try {
			this.#file ??= await FlvFileSink.create(this.#path);
			await this.#file.write(bytes);
		} catch (error) {
			fail(this.#context, EXIT.usage, `${this.#path} cannot be written: ${(error as Error).message}`);
		}
	}

	async patch(offset: number, bytes: Uint8Array): Promise<void> {
		await this.#file?.patch(offset, bytes);
	}

	async close(): Promise<void> {
		await this.#file?.close();
	}
}

function outputSink({ stdout }: CliContext): FlvSink {
	return {
		write: bytes => {
			stdout.write(bytes);
		},
	};
}
