import { ArgumentError, type RoadReport, testPorts } from "@millrace/client";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { escapeText } from "../log/index.ts";
import type { CliContext } from "./cli-context.ts";
import { EXIT, fail, parseSeconds } from "./stream-command.ts";

type PortTestFlags = {
	readonly app?: string;
	readonly port?: readonly number[];
	readonly timeout: number;
	readonly insecure?: true;
	readonly json?: true;
};

/** `millrace port-test`: tells which protocols and ports lead to a server. */
export function portTestCommand(context: CliContext): Command {
	return new Command("port-test")
		.description("try each protocol and port of a server side by side")
		.argument("<host>", "name or address, IPv6 without brackets")
		.option("--app <name>", "connect to this application too")
		.option("--port <port>", "try every protocol on this port instead; may be repeated", collectPort)
		.option("--timeout <seconds>", "how long to wait for each", parseSeconds, 5)
		.option("--insecure", "take certificates that nobody vouches for (not with wss)")
		.option("--json", "print JSON")
		.action(async (host: string, flags: PortTestFlags) => {
			const reports = await run(context, host, flags);
			context.stdout.write(flags.json === true ? `${JSON.stringify(reports, null, "\t")}\n` : tableText(reports));
			if (!reports.some(({ works }) => works)) {
				throw new CommanderError(EXIT.unreachable, "millrace.failed", "No road leads to a server.");
			}
		});
}

async function run(context: CliContext, host: string, flags: PortTestFlags): Promise<RoadReport[]> {
	try {
		return await testPorts(host, {
			timeoutMillis: flags.timeout * 1000,
			...(flags.app === undefined ? {} : { app: flags.app }),
			...(flags.port === undefined ? {} : { ports: flags.port }),
			...(flags.insecure === undefined ? {} : { tls: { rejectUnauthorized: false } }),
		});
	} catch (error) {
		if (error instanceof ArgumentError) fail(context, EXIT.usage, error.message);
		throw error;
	}
}

function tableText(reports: readonly RoadReport[]): string {
	const rows = [
		["PROTOCOL", "PORT", "RESULT", "ROUND TRIP", "REASON"],
		...reports.map(({ protocol, port, proxy, works, roundTripMillis, reason = "" }) => [
			proxy === "none" ? protocol : `${protocol} (${proxy})`,
			String(port),
			works ? "works" : "no",
			roundTripMillis === undefined ? "" : `${Math.round(roundTripMillis * 10) / 10} ms`,
			// The error's own sentence says only that it failed, which the table does too.
			escapeText(reason.replace(/^No connection could be opened\. /, "")),
		]),
	];
	const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)) + 2);
	return rows
		.map(
			row =>
				`${row
					.map((cell, column) => cell.padEnd(widths[column]!))
					.join("")
					.trimEnd()}\n`,
		)
		.join("");
}

function collectPort(text: string, earlier: readonly number[] = []): readonly number[] {
	const port = Number(text);
	if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError("A port is 1 to 65535.");
	return [...earlier, port];
}
