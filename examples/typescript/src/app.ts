import { total, type Order } from "./orders.js";

interface Event {
  orders?: Order[];
}

export async function handler(event: Event): Promise<{ status: string; total: number }> {
  return { status: "ok", total: total(event.orders ?? []) };
}
