/** A process that makes load. */
import { takeOrders } from "../support/worker.ts";
import { runLoad } from "./load.ts";

takeOrders(runLoad);
