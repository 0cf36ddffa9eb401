import { AddressSet } from "./address-set.ts";

/** Which addresses may connect, as networks in CIDR notation. */
export type AddressRuleOptions = {
	/** Empty: all of them. */
	readonly allow: readonly string[];
	/** Goes before `allow`. */
	readonly deny: readonly string[];
};

/** Decides from which addresses connections are taken. */
export class AddressRule {
	readonly #allowed: AddressSet;
	readonly #denied: AddressSet;

	/** Throws a `RangeError` that names what is neither address nor network. */
	constructor({ allow, deny }: AddressRuleOptions) {
		this.#allowed = new AddressSet(allow);
		this.#denied = new AddressSet(deny);
	}

	/** Whether an address, without port, may connect. */
	admits(address: string): boolean {
		return (
			(this.#allowed.isEmpty || this.#allowed.has(address)) && (this.#denied.isEmpty || !this.#denied.has(address))
		);
	}
}
