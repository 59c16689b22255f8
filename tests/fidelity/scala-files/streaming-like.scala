import java.time.LocalDate
import scala.collection.mutable

case class Event(
  day: LocalDate,
  user: String,
  clicks: Int = 0
)

object Event {
  def parse(line: String): Option[Event] = line.split(",") match {
    case Array(day, user, clicks) if clicks.forall(_.isDigit) =>
      Some(Event(LocalDate.parse(day), user, clicks.toInt))
    case _ =>
      None
  }
}

val seen = mutable.LinkedHashMap.empty[String, Int]

Seq("2026-01-02,ann,3", "broken", "2026-01-03,ann,4", "2026-01-03,bob,x")
  .flatMap(Event.parse(_))
  .foreach { e =>
    seen(e.user) = seen.getOrElse(e.user, 0) + e.clicks
  }

println(seen)
