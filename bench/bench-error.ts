/** The bench itself cannot go on (a tool is missing, an option is wrong). The message is for the person who ran it. */
export class BenchError extends Error {
	override name = "BenchError";
}
