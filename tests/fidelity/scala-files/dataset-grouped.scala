import org.apache.spark.sql.expressions.Aggregator
import org.apache.spark.sql.{Encoder, Encoders}

case class Sale(shop: String, cents: Long)

object Total extends Aggregator[Sale, Long, Long] {
  def zero: Long = 0L
  def reduce(b: Long, a: Sale): Long = b + a.cents
  def merge(x: Long, y: Long): Long = x + y
  def finish(r: Long): Long = r
  def bufferEncoder: Encoder[Long] = Encoders.scalaLong
  def outputEncoder: Encoder[Long] = Encoders.scalaLong
}

val sales = Seq(Sale("a", 5), Sale("b", 7), Sale("a", 6)).toDS
sales
  .groupByKey(_.shop)
  .agg(Total.toColumn.name("total"))
  .collect
  .sortBy(_._1)
  .foreach { case (shop, total) => println(s"$shop $total") }
