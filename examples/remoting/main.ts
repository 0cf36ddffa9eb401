/* A customer of the shop: looks at prices, orders without a name and then with one, by Flash Remoting. */
import { NetConnection, NetStatusError } from "@millrace/client";
import type { RemoteMethods } from "millrace/app";
import type app from "./applications/shop/main.ts";

const [gateway = "http://localhost:8080/gateway", name = "ann", password = "secret"] = process.argv.slice(2);

/** The shop's class on this side. */
class Order {
	item = "";
	count = 0;
	total = 0;
}

const nc = new NetConnection();
nc.registerClass("shop.Order", Order);
// Nothing is sent yet, and nothing is reported.
nc.connect(gateway);
const shop = nc.remote<RemoteMethods<typeof app>>();

// Calls of one turn go to the gateway in one packet.
const [items, apples, plums] = await Promise.all([
	shop.catalogue.items(),
	shop.catalogue.price("apple", 4),
	shop.catalogue.price("plum", 10),
]);
console.log(`there are ${items.join(", ")}; 4 apples are ${apples} p, 10 plums ${plums} p`);

const order = Object.assign(new Order(), { item: "plum", count: 10 });
try {
	await shop.orders.place(order);
} catch (error) {
	if (!(error instanceof NetStatusError)) throw error;
	console.log(`refused: ${error.code} (${error.info.description})`);
}

nc.addHeader("Credentials", false, { userid: name, password });
const placed = await shop.orders.place(order);
console.log(`ordered: ${placed.count} of ${placed.item} for ${placed.total} p (${placed.constructor.name})`);
console.log(`orders of ${name}: ${(await shop.orders.list()).length}`);
nc.close();
