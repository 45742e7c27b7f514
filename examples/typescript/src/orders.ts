export interface Order {
  price: number;
  count: number;
}

export function total(orders: Order[]): number {
  return orders.reduce((sum, order) => sum + order.price * order.count, 0);
}
