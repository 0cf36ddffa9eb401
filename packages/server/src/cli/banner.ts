import { isLoopback } from "../access/index.ts";
import { DEFAULT_PORTS, type ServerOptions } from "../config/index.ts";
import type { ListenAddress } from "./cli-context.ts";

/** Where the publish key is; its text only where it was made just now, to be shown this once. */
export interface BannerKey {
	readonly madeNow: string | undefined;
	/** A file, or the place in the configuration. */
	readonly keptIn: string;
}

/** What the banner tells. */
export interface BannerFacts {
	readonly version: string;
	readonly addresses: readonly ListenAddress[];
	/** Addresses of this machine that others can reach, best first. */
	readonly localAddresses: readonly string[];
	/** The application that the examples show. */
	readonly application: string;
	readonly publishFrom: ServerOptions["publish"]["from"];
	/** Undefined where no key is in force. */
	readonly key: BannerKey | undefined;
	readonly demo: boolean;
}

/** The name that the examples publish under; any other does as well. */
const EXAMPLE_NAME = "my-stream";
/** What the demonstration offers on demand. */
const DEMO_FILE = "/vod/sample";
const LABEL_WIDTH = 13;
const FIELD_WIDTH = 12;

const TITLE = "1;36";
const LABEL = "36";
const VALUE = "1";
const QUIET = "2";

/** One line: what it is about, the field in the encoder's form, what to enter there, and a remark. */
interface Row {
	readonly label?: string;
	readonly field?: string;
	readonly value: string;
	readonly note?: string;
}

/** The text that greets an operator at a terminal: where to publish to, as OBS names it, and where to watch. */
export function bannerText(facts: BannerFacts, colour: boolean): string {
	const paint = (code: string, text: string): string => (colour && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text);
	const lines = ["", `  ${paint(TITLE, "Millrace")} ${paint(QUIET, facts.version)}`];
	const example = `/${facts.application}/${facts.demo ? "demo" : EXAMPLE_NAME}`;
	const watchBlocks = [
		watchBlock(facts, "Watch", example),
		facts.demo ? watchBlock(facts, "On demand", DEMO_FILE) : [],
	];
	for (const block of [...publishBlocks(facts), ...watchBlocks]) {
		if (block.length === 0) continue;
		const valueWidth = Math.max(...block.map(({ value }) => value.length));
		lines.push("");
		for (const { label = "", field = "", value, note = "" } of block) {
			const head =
				paint(LABEL, label.padEnd(LABEL_WIDTH)) +
				paint(QUIET, block.some(row => row.field) ? field.padEnd(FIELD_WIDTH) : "");
			// A remark without a value is a line of its own, in the column of the values.
			const gap = value === "" ? 0 : valueWidth - value.length + 2;
			const tail = note === "" ? "" : " ".repeat(gap) + paint(QUIET, note);
			lines.push(`  ${head}${paint(VALUE, value)}${tail}`);
		}
	}
	return `${lines.join("\n")}\n\n  ${paint(QUIET, "Ctrl+C stops the server.")}\n\n`;
}

/** This machine needs no key where others do, so each has its own block; otherwise one serves for all. */
function publishBlocks(facts: BannerFacts): readonly (readonly Row[])[] {
	const { here, elsewhere } = originsOf(facts, "rtmp");
	if (facts.publishFrom !== "loopback") {
		return [publishBlock(facts, "Publish", elsewhere ?? here, facts.publishFrom === "nowhere")];
	}
	return [
		publishBlock(facts, "Publish", here, false),
		publishBlock(facts, here === undefined ? "Publish" : "from others", elsewhere, true),
	];
}

function publishBlock(facts: BannerFacts, label: string, origin: string | undefined, keyed: boolean): readonly Row[] {
	if (origin === undefined) return [];
	const server = { label, field: "Server", value: `${origin}/${facts.application}` };
	if (!keyed || facts.key === undefined)
		return [server, { field: "Stream Key", value: EXAMPLE_NAME, note: "or any other name" }];
	const { madeNow, keptIn } = facts.key;
	return [
		server,
		{ field: "Stream Key", value: `${EXAMPLE_NAME}?key=${madeNow ?? "…"}` },
		{ value: "", note: `${madeNow === undefined ? "the key is in" : "made just now, kept in"} ${keptIn}` },
	];
}

function watchBlock(facts: BannerFacts, label: string, path: string): readonly Row[] {
	const rows: Row[] = [];
	for (const [protocol, note] of [
		["http", "in a browser"],
		["rtmp", "in VLC, mpv, ffplay"],
	] as const) {
		const { here, elsewhere } = originsOf(facts, protocol);
		const origin = here ?? elsewhere;
		if (origin !== undefined) rows.push({ label: rows.length === 0 ? label : "", value: origin + path, note });
	}
	return rows;
}

/** The beginnings of addresses under which this machine and others reach a protocol. */
function originsOf(
	facts: BannerFacts,
	protocol: "rtmp" | "http",
): { readonly here: string | undefined; readonly elsewhere: string | undefined } {
	const listener = facts.addresses.find(address => address.protocol === protocol);
	if (listener === undefined) return { here: undefined, elsewhere: undefined };
	const { host, port } = listener;
	const usual = protocol === "http" ? 80 : DEFAULT_PORTS.rtmp;
	const origin = (name: string): string =>
		`${protocol}://${name.includes(":") ? `[${name}]` : name}${port === usual ? "" : `:${port}`}`;
	if (host === "::" || host === "0.0.0.0") {
		const reachable = facts.localAddresses.find(name => host === "::" || !name.includes(":"));
		return { here: origin("localhost"), elsewhere: reachable === undefined ? undefined : origin(reachable) };
	}
	if (host === "localhost" || isLoopback(host)) return { here: origin(host), elsewhere: undefined };
	return { here: undefined, elsewhere: origin(host) };
}
