import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NetConnection, SharedObject } from "@millrace/client";
import {
	closeAllPrograms,
	giveUp,
	needPrograms,
	Program,
	removeTempDirs,
	runProgram,
	type ServerProcess,
	type SkippableTest,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PacketCapture } from "./packet-capture.ts";
import { needMillrace, programPath, sleep, startServer } from "./suite-server.ts";

/** Clients that others have written, and an application of ours. */

const APPLICATION = `
import { defineApplication } from "millrace/app";
export default defineApplication({
	onConnect(client, ...args) {
		client.app.log.info("connect " + JSON.stringify(args));
		client.app.setTimeout(() => void client.call("question", 41).then(
			answer => client.app.log.info("answer of " + answer + " has come"),
			error => client.app.log.info("no answer: " + error.message),
		), 300);
	},
	methods: {
		add(client, a: number, b: number, more: unknown) {
			client.app.log.info("add " + JSON.stringify([a, b, more]));
			return a + b;
		},
	},
});
`;

const dir = new TempDir("application");
let server: ServerProcess;

beforeAll(async () => {
	const folder = dir.file("applications");
	mkdirSync(join(folder, "shared"), { recursive: true });
	writeFileSync(join(folder, "shared", "main.ts"), APPLICATION);
	server = await startServer([`media.applications=${folder}`]);
});

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	removeTempDirs();
});

/** What the application logs with these words in front, from line number `from` on. */
async function logged(words: string, from: number): Promise<string> {
	const { fields } = await server.waitForEvent(
		"application",
		20_000,
		line => String(line["text"]).startsWith(`${words} `),
		from,
	);
	return String(fields["text"]).slice(words.length + 1);
}

const url = () => server.rtmpUrl("shared");

/** Each `--conn` is a value; those between the two of an object are its members. */
const CONN = [
	...["B:1", "S:one word", "N:-12.5", "Z:"],
	...["O:1", "NS:name:Ann", "NN:age:7", "NB:admin:0", "NO:inner:1", "NS:deep:é", "NN:n:1e300", "O:0", "O:0"],
];
const ARGUMENTS = [
	true,
	"one word",
	-12.5,
	null,
	{ name: "Ann", age: 7, admin: false, inner: { deep: "é", n: 1e300 } },
];

test("the typed and nested arguments of rtmpdump --conn arrive exactly at onConnect, and tshark reads the same", async context => {
	needMillrace(context, "applications");
	needPrograms(context, "rtmpdump", "tshark");
	const file = dir.file("conn.pcapng");
	const capture = await PacketCapture.start(context, file, server.place.rtmpPort);
	const from = server.log.length;
	const program = new Program(programPath("rtmpdump"), [
		...["--live", "-q", "-r", url(), "-y", "nothing", "-o", dir.file("conn.flv")],
		...CONN.flatMap(argument => ["--conn", argument]),
	]);
	const arrived = await logged("connect", from);
	await program.stop("SIGTERM", 3000);
	const report = await capture.finish();
	expect(report.malformed).toEqual([]);
	expect(JSON.parse(arrived)).toEqual(ARGUMENTS);
	// In tshark's words: the numbers and strings of connect, in order.
	const { stdout } = await runProgram("tshark", [
		...["-r", file, "-d", `tcp.port==${server.place.rtmpPort},rtmpt`, "-Y", 'amf.string == "connect"'],
		...["-T", "fields", "-E", "separator=/t", "-E", "aggregator=|", "-e", "amf.string", "-e", "amf.number"],
	]);
	const [strings = "", numbers = ""] = stdout.split("\n")[0]!.split("\t");
	expect(numbers.split("|").map(Number).slice(-3)).toEqual([-12.5, 7, 1e300]);
	for (const text of ["one word", "Ann", "é"]) expect(strings.split("|")).toContain(text);
});

/** Compiles the client; without a compiler and librtmp's headers the test is given up. */
async function compileClient(context: SkippableTest): Promise<string> {
	needPrograms(context, "gcc");
	const program = dir.file("librtmp-client");
	const source = join(dirname(fileURLToPath(import.meta.url)), "librtmp-client.c");
	try {
		await runProgram("gcc", ["-O1", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lrtmp"]);
	} catch (error) {
		giveUp(context, `librtmp cannot be compiled against: ${String(error)}`);
	}
	return program;
}

test("a client by librtmp connects, calls, is called, and shares an object with one of ours", async context => {
	needMillrace(context, "applications");
	const program = await compileClient(context);
	const ours = new NetConnection();
	ours.client = { question: (value: number) => value };
	await ours.connectAsync(url());
	const board = SharedObject.getRemote("board", ours.uri, false);
	board.client = { draw() {} };
	board.connect(ours);
	const from = server.log.length;
	const theirs = new Program(program, [url()]);
	const lines: string[] = [];
	theirs.onLine(line => lines.push(line));
	const said = async (line: string) => {
		for (const deadline = Date.now() + 20_000; !lines.includes(line); await sleep(20)) {
			if (Date.now() > deadline) throw new Error(`${line} did not come, but: ${lines.join(", ")}`);
		}
	};
	try {
		await said("connected");
		// It calls, with typed and nested arguments, and gets its result.
		expect(JSON.parse(await logged("add", from))).toEqual([7, 35.5, { name: "Ann", tags: ["a", true] }]);
		await said("command _result 9 42.5");
		// It is called, and its answer is one more than what it was asked (ours answers with the same number).
		await logged("answer of 42", from);
		// It uses a shared object (11: it is subscribed, 5: its change was granted), and ours sees its change.
		await said("object 11");
		await said("object 5 color");
		for (const deadline = Date.now() + 20_000; board.data["color"] !== "red"; await sleep(20)) {
			expect(Date.now(), "our client sees its change").toBeLessThan(deadline);
		}
		// 4: it sees our change.
		board.setProperty("shape", "round");
		await said("object 4 shape round");
		// 6: it is called through the object.
		board.send("draw", "a line");
		await said("object 6 draw");
	} finally {
		ours.close();
		await theirs.stop("SIGTERM", 3000);
	}
});
