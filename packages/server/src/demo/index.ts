export { DemoPublisher } from "./demo-publisher.ts";
