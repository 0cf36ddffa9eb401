/** Two versions of what clients say they are (`flashVer`), `WIN 8,0,0,0` and `WIN 9,0,59,0`, and all between them. */
export class AgentRange {
	readonly #from: Agent | undefined;
	readonly #to: Agent | undefined;

	/** Where either is no name with a version, or the names differ, no client is meant. */
	constructor({ from, to }: { readonly from: string; readonly to: string }) {
		this.#from = readAgent(from);
		this.#to = readAgent(to);
	}

	/** Whether a client that says it is `flashVer` is one of them. Upper and lower case of names are the same. */
	has(flashVer: string): boolean {
		const agent = readAgent(flashVer);
		const from = this.#from;
		const to = this.#to;
		if (agent === undefined || from?.name !== agent.name || to?.name !== agent.name) return false;
		return compare(from.version, agent.version) <= 0 && compare(agent.version, to.version) <= 0;
	}
}

type Agent = { readonly name: string; readonly version: readonly number[] };

/** `FMLE/3.0 (compatible; …)` and `WIN 9,0,28,0`: a name, then numbers. */
function readAgent(text: string): Agent | undefined {
	const parts = /^([a-z]+)[/ ](\d{1,5}(?:[.,]\d{1,5}){0,3})/i.exec(text.trim());
	if (parts === null) return undefined;
	return { name: parts[1]!.toUpperCase(), version: parts[2]!.split(/[.,]/).map(Number) };
}

/** Numbers that are missing count as 0. */
function compare(a: readonly number[], b: readonly number[]): number {
	for (let i = 0; i < Math.max(a.length, b.length); i++) {
		const difference = (a[i] ?? 0) - (b[i] ?? 0);
		if (difference !== 0) return difference;
	}
	return 0;
}
