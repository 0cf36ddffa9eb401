import { describe, expect, it } from "vitest";
import { BudgetAccount, OWN_ALLOWANCE_BYTES, SharedBudget } from "./shared-budget.ts";

describe("SharedBudget", () => {
	it("is drawn on only above a connection's own allowance", () => {
		const budget = new SharedBudget(1000);
		const account = new BudgetAccount(budget);
		expect(account.add(OWN_ALLOWANCE_BYTES)).toBe(true);
		expect(budget.used).toBe(0);
		expect(account.add(300)).toBe(true);
		expect(budget.used).toBe(300);
		account.remove(500);
		expect(budget.used).toBe(0);
	});

	it("refuses who asks for more than is left, and nobody who keeps within the allowance", () => {
		const budget = new SharedBudget(1000);
		const greedy = new BudgetAccount(budget);
		const second = new BudgetAccount(budget);
		expect(greedy.add(OWN_ALLOWANCE_BYTES + 1000)).toBe(true);
		expect(greedy.add(1)).toBe(false);
		expect(second.add(OWN_ALLOWANCE_BYTES)).toBe(true);
		expect(second.add(1)).toBe(false);
		expect(budget.used).toBe(1000);
		greedy.remove(1);
		expect(second.add(1)).toBe(true);
	});

	it("gets everything back when a connection ends, and counts nothing of it afterwards", () => {
		const budget = new SharedBudget(1000);
		const account = new BudgetAccount(budget);
		account.add(OWN_ALLOWANCE_BYTES + 700);
		account.close();
		expect(budget.used).toBe(0);
		account.add(OWN_ALLOWANCE_BYTES);
		account.setTrusted(false);
		expect(budget.used).toBe(0);
	});

	it("does not bind a publisher while it publishes, and counts it again afterwards", () => {
		const budget = new SharedBudget(1000);
		const account = new BudgetAccount(budget);
		account.setTrusted(true);
		expect(account.add(OWN_ALLOWANCE_BYTES + 5000)).toBe(true);
		expect(budget.used).toBe(0);
		account.setTrusted(false);
		expect(budget.used).toBe(5000);
		expect(account.add(1)).toBe(false);
	});

	it("binds nobody where there is none", () => {
		expect(new BudgetAccount(undefined).add(1e9)).toBe(true);
	});
});
