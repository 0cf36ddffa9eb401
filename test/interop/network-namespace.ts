import { giveUp, needPrograms, runProgram, type SkippableTest } from "@millrace/testkit";

/**
 * Two network namespaces with a cable between them: one for the server, one for its peer. Pulling the cable gives the
 * real thing, packets that vanish, where a proxy can only hold them.
 */
export class NamespacePair {
	readonly serverAddress = "10.213.7.1";
	readonly #server: string;
	readonly #peer: string;

	private constructor(name: string) {
		this.#server = `${name}-a`;
		this.#peer = `${name}-b`;
	}

	/** Makes both; where this user may not, the test is skipped with the reason (with CI set it fails). */
	static async create(test: SkippableTest): Promise<NamespacePair> {
		needPrograms(test, "ip");
		const pair = new NamespacePair(`millrace${process.pid}`);
		const [server, peer] = [pair.#server, pair.#peer];
		try {
			await ip("netns", "add", server);
			await ip("netns", "add", peer);
			await ip("-n", server, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", peer);
			await ip("-n", server, "addr", "add", `${pair.serverAddress}/24`, "dev", "cable");
			await ip("-n", peer, "addr", "add", "10.213.7.2/24", "dev", "cable");
			for (const name of [server, peer]) {
				await ip("-n", name, "link", "set", "lo", "up");
				await ip("-n", name, "link", "set", "cable", "up");
			}
		} catch (error) {
			await pair.remove();
			giveUp(test, `network namespaces are not permitted: ${String(error)}`);
		}
		return pair;
	}

	/** The words before a program that is to run beside the server. */
	get serverPrefix(): string[] {
		return ["ip", "netns", "exec", this.#server];
	}

	/** The words before a program that is to run at the other end of the cable. */
	get peerPrefix(): string[] {
		return ["ip", "netns", "exec", this.#peer];
	}

	/** Takes the cable's peer end down; neither side is told of its connections. */
	async pullCable(): Promise<void> {
		await ip("-n", this.#peer, "link", "set", "cable", "down");
	}

	/** Removes both namespaces, as far as they exist. */
	async remove(): Promise<void> {
		for (const name of [this.#server, this.#peer]) {
			try {
				await ip("netns", "delete", name);
			} catch (error) {
				if (!/No such file/.test(String(error))) throw error;
			}
		}
	}
}

async function ip(...args: string[]): Promise<void> {
	await runProgram("ip", args);
}
