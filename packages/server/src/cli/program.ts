import { Command, CommanderError } from "commander";
import { checkCommand } from "./check.ts";
import type { CliContext } from "./cli-context.ts";
import { convertCommand } from "./convert.ts";
import { importConfigCommand } from "./import-config.ts";
import { infoCommand } from "./info.ts";
import { newCommand } from "./new-application.ts";
import { portTestCommand } from "./port-test.ts";
import { printConfigCommand } from "./print-config.ts";
import { probeCommand } from "./probe.ts";
import { publishCommand } from "./publish.ts";
import { recordCommand } from "./record.ts";
import { repairCommand } from "./repair.ts";
import { reportError } from "./report-error.ts";
import { serveCommand } from "./serve.ts";

/** Every command, in the order of the help. A new one is one line here. */
const COMMANDS: readonly ((context: CliContext) => Command)[] = [
	serveCommand,
	checkCommand,
	printConfigCommand,
	importConfigCommand,
	newCommand,
	publishCommand,
	recordCommand,
	probeCommand,
	infoCommand,
	repairCommand,
	convertCommand,
	portTestCommand,
];

const EXAMPLES = `
Examples:
  millrace serve                                  RTMP on port 1935, pages on port 8080
  millrace serve --demo                           with a test stream to look at
  millrace serve -c millrace.yaml --latency scale
  millrace serve --set publish.from=anywhere      no key needed (in a closed network)
  millrace print-config > millrace.yaml           a file to begin with
  millrace check -c millrace.yaml
  millrace import-config /opt/adobe/ams           the configuration of an old server as ours
  millrace new chat                               an application: code on the server
  millrace publish film.flv rtmp://localhost/live/film --loop
  millrace record rtmp://localhost/live/film film.flv
  millrace probe rtmp://localhost/live/film
  millrace info film.flv
  millrace repair film.flv
  millrace convert film.flv film.mp4
  millrace port-test example.com --app live       which protocols and ports lead to a server

Every setting is also a variable: MILLRACE_LIVE_LATENCY=scale sets live.latency.
Flags win over variables, and variables over the file.
`;

/**
 * Runs one command to its end and resolves to the process's exit code: 0, or 1 after an error that was reported. A
 * command may throw a `CommanderError` to end with a code of its own.
 */
export async function runProgram(argv: readonly string[], context: CliContext): Promise<number> {
	const program = new Command("millrace")
		.description("An open media server for RTMP.")
		.version(context.version, "-V, --version", "print the version")
		.helpOption("-h, --help", "print this help")
		.helpCommand(false)
		.addHelpText("after", EXAMPLES);
	for (const command of COMMANDS) program.addCommand(command(context));
	for (const command of [program, ...program.commands]) {
		command
			.helpOption("-h, --help", "print this help")
			.exitOverride()
			.configureHelp({ subcommandTerm: termOf })
			.showHelpAfterError(`Try: ${command === program ? "millrace" : `millrace ${command.name()}`} --help`)
			.configureOutput({
				writeOut: text => context.stdout.write(text),
				writeErr: text => context.stderr.write(text),
				getOutHasColors: () => context.stdout.hasColors?.() === true,
				getErrHasColors: () => context.stderr.hasColors?.() === true,
			});
	}
	try {
		await program.parseAsync(argv, { from: "user" });
		return 0;
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode;
		reportError(error, context.stderr);
		return 1;
	}
}

/** A command as the list shows it. All of them have options: that need not be said of each. */
function termOf(command: Command): string {
	const given = command.registeredArguments.map(argument =>
		argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
	);
	return [command.name(), ...given].join(" ");
}
