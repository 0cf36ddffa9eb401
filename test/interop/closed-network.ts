import { writeFileSync } from "node:fs";
import { giveUp, needPrograms, runProgram, type SkippableTest, TempDir } from "@millrace/testkit";

/** What packets are thrown away without a word, as firewalls do. */
export type DroppedPackets = {
	/** An address of the network. */
	readonly to: string;
	/** Default: all. */
	readonly port?: number;
	/** Packets from this address pass nevertheless: it is that of a proxy. */
	readonly exceptFrom?: string;
};

/**
 * A network namespace without a cable in which every address that begins with 10.77 is this machine, with the ports
 * below 1024 free: servers and firewalls of many situations beside each other, and nobody who is disturbed.
 */
export class ClosedNetwork {
	readonly #name: string;
	readonly #dir = new TempDir("closed-network");

	private constructor(name: string) {
		this.#name = name;
	}

	/** Makes it; where this user may not, the test is skipped with the reason (with CI set it fails). */
	static async create(test: SkippableTest, dropped: readonly DroppedPackets[] = []): Promise<ClosedNetwork> {
		needPrograms(test, "ip", "nft");
		const network = new ClosedNetwork(`millrace${process.pid}-c`);
		try {
			await runProgram("ip", ["netns", "add", network.#name]);
			await runProgram("ip", ["-n", network.#name, "link", "set", "lo", "up"]);
			await runProgram("ip", ["-n", network.#name, "addr", "add", "10.77.0.1/16", "dev", "lo"]);
			await network.#drop(dropped);
		} catch (error) {
			await network.remove();
			giveUp(test, `network namespaces with a firewall are not permitted: ${String(error)}`);
		}
		return network;
	}

	/** The words before a program that is to run inside. */
	get prefix(): string[] {
		return ["ip", "netns", "exec", this.#name];
	}

	/** Removes it, as far as it exists. */
	async remove(): Promise<void> {
		this.#dir.remove();
		try {
			await runProgram("ip", ["netns", "delete", this.#name]);
		} catch (error) {
			if (!/No such file/.test(String(error))) throw error;
		}
	}

	async #drop(dropped: readonly DroppedPackets[]): Promise<void> {
		const rules = dropped.map(({ to, port, exceptFrom }) => {
			const from = exceptFrom === undefined ? "" : `ip saddr != ${exceptFrom} `;
			return `ip daddr ${to} ${from}tcp ${port === undefined ? "flags syn" : `dport ${port}`} drop`;
		});
		const file = this.#dir.file("firewall");
		const chain = ["type filter hook input priority 0;", ...rules].join("\n");
		writeFileSync(file, `table inet firewall {\nchain input {\n${chain}\n}\n}\n`);
		await runProgram("ip", ["netns", "exec", this.#name, "nft", "-f", file]);
	}
}
