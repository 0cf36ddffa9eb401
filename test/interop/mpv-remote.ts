import { connect, type Socket } from "node:net";
import { Program } from "@millrace/testkit";
import { programPath, sleep } from "./suite-server.ts";

const ANSWER_MILLIS = 15_000;

/** mpv without a picture or a sound, told what to do through its socket (mpv manual, "JSON IPC"). */
export class MpvRemote implements AsyncDisposable {
	readonly #program: Program;
	readonly #socket: Socket;
	readonly #lines: Record<string, unknown>[] = [];
	#rest = "";
	#requests = 0;

	private constructor(program: Program, socket: Socket) {
		this.#program = program;
		this.#socket = socket;
		socket.setEncoding("utf8");
		socket.on("data", text => {
			const lines = (this.#rest + text).split("\n");
			this.#rest = lines.pop()!;
			for (const line of lines) this.#lines.push(JSON.parse(line) as Record<string, unknown>);
		});
		socket.on("error", () => {});
	}

	/** Plays an address, without a cache that seeks could be served from, and returns when it shows something. */
	static async play(url: string, socketPath: string): Promise<MpvRemote> {
		const quiet = ["--no-config", "--no-terminal", "--vo=null", "--ao=null", "--cache=no", "--hr-seek=no"];
		const program = new Program(programPath("mpv"), [...quiet, `--input-ipc-server=${socketPath}`, url]);
		const socket = await open(socketPath, program);
		const mpv = new MpvRemote(program, socket);
		await mpv.#until("playback-restart", 0);
		return mpv;
	}

	/** Seeks to a time in seconds, and returns the time of what is shown then. */
	async seek(seconds: number): Promise<number> {
		const from = this.#lines.length;
		await this.#ask(["set_property", "pause", true]);
		await this.#ask(["seek", seconds, "absolute+keyframes"]);
		await this.#until("playback-restart", from);
		return Number(await this.#ask(["get_property", "time-pos"]));
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#socket.destroy();
		await this.#program.stop();
	}

	async #ask(command: readonly unknown[]): Promise<unknown> {
		const id = ++this.#requests;
		this.#socket.write(`${JSON.stringify({ command, request_id: id })}\n`);
		const answer = await this.#find(line => line["request_id"] === id, 0, command.join(" "));
		if (answer["error"] !== "success") throw new Error(this.#program.describe(`${command}: ${answer["error"]}`));
		return answer["data"];
	}

	#until(event: string, from: number): Promise<unknown> {
		return this.#find(line => line["event"] === event, from, event);
	}

	async #find(matches: (line: Record<string, unknown>) => boolean, from: number, what: string) {
		for (const deadline = Date.now() + ANSWER_MILLIS; Date.now() < deadline && !this.#program.exit; await sleep(10)) {
			const line = this.#lines.slice(from).find(matches);
			if (line !== undefined) return line;
		}
		throw new Error(this.#program.describe(`did not answer: ${what}`));
	}
}

async function open(path: string, program: Program): Promise<Socket> {
	for (const deadline = Date.now() + ANSWER_MILLIS; Date.now() < deadline && !program.exit; await sleep(50)) {
		const socket = connect(path);
		const isOpen = await new Promise<boolean>(resolve => {
			socket.once("connect", () => resolve(true));
			socket.once("error", () => resolve(false));
		});
		if (isOpen) return socket;
	}
	throw new Error(program.describe("opened no socket"));
}
