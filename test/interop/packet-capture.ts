import { giveUp, needPrograms, Program, runProgram, type SkippableTest } from "@millrace/testkit";
import { programPath } from "./suite-server.ts";

/** What tshark makes of captured RTMP. */
export type CaptureReport = {
	/** The RTMP messages as tshark names them, such as `connect('live')` or `Video Data`, oldest first. */
	readonly messages: string[];
	/** Frames in which a dissector found something malformed: frame number and description. */
	readonly malformed: string[];
	/** Segments that the capture lost, which make everything after them look malformed. */
	readonly lostSegments: number;
};

/** Captures one TCP port of the loopback interface with tshark. */
export class PacketCapture {
	readonly #program: Program;
	readonly #file: string;
	readonly #port: number;

	private constructor(program: Program, file: string, port: number) {
		this.#program = program;
		this.#file = file;
		this.#port = port;
	}

	/** Begins to capture; where this user may not, the test is skipped with what tshark said (with CI set it fails). */
	static async start(test: SkippableTest, file: string, port: number): Promise<PacketCapture> {
		needPrograms(test, "tshark");
		const args = ["-i", "lo", "-f", `tcp port ${port}`, "-B", "64", "-w", file, "-q"];
		const program = new Program(programPath("tshark"), args);
		try {
			await program.waitForLine(/^Capturing on/, 15_000);
		} catch (error) {
			await program.stop();
			giveUp(test, `capturing on the loopback interface is not permitted: ${String(error)}`);
		}
		// The line comes a moment before the filter is in place.
		await new Promise(resolve => setTimeout(resolve, 1000));
		return new PacketCapture(program, file, port);
	}

	/** Ends the capture and dissects it as RTMP, with messages of any size. */
	async finish(): Promise<CaptureReport> {
		await new Promise(resolve => setTimeout(resolve, 500));
		await this.#program.stop("SIGINT", 10_000);
		const malformed = await this.#dissect("_ws.malformed", "frame.number", "_ws.col.Info", "_ws.expert.message");
		const lost = await this.#dissect("tcp.analysis.lost_segment", "frame.number");
		const info = await this.#dissect("rtmpt", "_ws.col.Info");
		// "Handshake C0+C1", or messages joined by "|".
		return { messages: info.flatMap(line => line.split("|")), malformed, lostSegments: lost.length };
	}

	async #dissect(filter: string, ...fields: readonly string[]): Promise<string[]> {
		const { stdout } = await runProgram(
			"tshark",
			[
				...["-r", this.#file, "-o", "rtmpt.max_packet_size:16777215", "-d", `tcp.port==${this.#port},rtmpt`],
				...["-Y", filter, "-T", "fields", ...fields.flatMap(field => ["-e", field])],
			],
			{ keepBytes: 64_000_000 },
		);
		return stdout.split("\n").filter(line => line !== "");
	}
}
