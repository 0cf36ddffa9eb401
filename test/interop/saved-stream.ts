import { Program, runProgram } from "@millrace/testkit";
import { programPath } from "./suite-server.ts";

/** A recorded stream by rtmpdump, as fast as it is sent; `address` are its options that say where the stream is. */
export async function saveByRtmpdump(address: readonly string[], file: string, ...args: string[]): Promise<void> {
	const program = new Program(programPath("rtmpdump"), ["-q", ...address, "-o", file, ...args]);
	const { code } = await program.waitForExit(60_000);
	// It calls a download incomplete whose last message is a thousandth or more before the end.
	if (code !== 0 && code !== 2) throw new Error(program.describe("failed"));
}

/** A recorded stream by ffmpeg, as fast as it is sent. */
export async function saveByFfmpeg(
	url: string,
	file: string,
	{ before = [], maps = [] }: { readonly before?: readonly string[]; readonly maps?: readonly string[] } = {},
): Promise<void> {
	const input = ["-rtmp_buffer", "36000000", ...before, "-i", url, ...maps];
	await runProgram("ffmpeg", ["-v", "error", "-nostdin", "-y", ...input, "-c", "copy", "-f", "flv", file]);
}
