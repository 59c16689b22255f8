import org.apache.spark.sql.Dataset

case class Reading(sensor: String, value: Double)

/** Reads what sensors send. */
object Reading {
  val Unit0 = "C"

  def parse(line: String): Option[Reading] =
    line.split(':') match {
      case Array(s, v) => scala.util.Try(Reading(s, v.toDouble)).toOption
      case _ => None
    }
}

def hot(ds: Dataset[Reading], above: Double): Dataset[Reading] =
  ds.filter(r => r.value > above && isKnown(r))

def isKnown(r: Reading): Boolean =
  r.sensor.startsWith("s")

val lines = Seq("s1:20.5", "s2:31", "broken", "x3:40", "s4:33").toDS

val readings = lines
  .flatMap(Reading.parse(_))

hot(readings, 30)
  .map(r => s"${r.sensor} ${r.value}${Reading.Unit0}")
  .collect()
  .sorted
  .foreach(println)
